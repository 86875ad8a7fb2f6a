"""Taking variables one by one while collecting what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

PREFIX: Final = "RINGPROOF_"

T = TypeVar("T")


class SettingsError(Exception):
    """The environment cannot be used; the message has one line per fault and `faults` the same as a tuple."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Reader:
    """Takes variables one by one, remembers what was wrong, and at last what nobody took."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values = {
            name.removeprefix(PREFIX): value.strip()
            for name, value in environ.items()
            if name.startswith(PREFIX)
        }
        self._taken: set[str] = set()
        self.known = {name for name, value in self._values.items() if value}
        self.faults: list[str] = []

    def take(self, name: str, read: Callable[[str], T], default: T) -> T:
        self._taken.add(name)
        text = self._values.get(name, "")
        if not text:
            return default
        try:
            return read(text)
        except ValueError as fault:
            self.faults.append(f"{PREFIX}{name} {fault}")
            return default

    def take_carrier_options(self, carriers: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, Mapping[str, str]] = {}
        for carrier in carriers:
            prefix = f"{carrier.upper()}_"
            names = [name for name in self._values if name.startswith(prefix) and len(name) > len(prefix)]
            names = [name for name in names if name not in self._taken]
            self._taken.update(names)
            options = {name.removeprefix(prefix).lower(): self._values[name] for name in names}
            if options:
                found[carrier] = MappingProxyType(options)
        return MappingProxyType(found)

    def finish(self) -> None:
        unknown = sorted(self._values.keys() - self._taken)
        self.faults.extend(f"{PREFIX}{name[:64]} is not a setting of this server" for name in unknown)
        if self.faults:
            raise SettingsError(self.faults)
