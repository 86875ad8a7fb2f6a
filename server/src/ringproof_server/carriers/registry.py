"""Finds carriers by their entry points; only those that are configured are imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import Final

from ringproof_server.carriers.plugin import Build

GROUP: Final = "ringproof.carriers"

EntryPoints = Callable[[], Iterable[metadata.EntryPoint]]


class CarrierLookupError(Exception):
    """A configured carrier cannot be used; the message tells the operator what to do."""


def installed() -> Iterable[metadata.EntryPoint]:
    """The entry points of every carrier that is installed beside this server, imported or not."""
    return metadata.entry_points(group=GROUP)


def known_carriers(entry_points: EntryPoints = installed) -> list[str]:
    """The names of all carriers that are installed, sorted."""
    return sorted({point.name for point in entry_points()})


def find_carriers(names: Sequence[str], entry_points: EntryPoints = installed) -> dict[str, Build]:
    """The `build` function of every named carrier, in the order of `names`.

    Carriers that are not named are never imported. Raises `CarrierLookupError` for a name that nobody or more
    than one distribution offers, that is given twice, and for a plug-in that cannot be imported.
    """
    offered: dict[str, list[metadata.EntryPoint]] = {}
    for point in entry_points():
        offered.setdefault(point.name, []).append(point)
    found: dict[str, Build] = {}
    for name in names:
        if name in found:
            raise CarrierLookupError(f"the carrier {name!r} is configured twice")
        found[name] = _load(_only(name, offered))
    return found


def _only(name: str, offered: dict[str, list[metadata.EntryPoint]]) -> metadata.EntryPoint:
    points = offered.get(name, [])
    if not points:
        known = ", ".join(sorted(offered)) or "none"
        raise CarrierLookupError(f"there is no carrier {name!r}; installed are: {known}")
    if len(points) > 1:
        owners = " and ".join(sorted(_distribution(point) for point in points))
        raise CarrierLookupError(f"the carrier {name!r} is offered by {owners}; uninstall all but one")
    return points[0]


def _load(point: metadata.EntryPoint) -> Build:
    try:
        build = point.load()
    except ImportError as error:
        extra = point.extras[0] if point.extras else point.name
        missing = f" ({error.name} is missing)" if error.name else ""
        raise CarrierLookupError(
            f"the carrier {point.name!r} cannot be imported{missing}; install {_distribution(point)}[{extra}]"
        ) from error
    except AttributeError as error:
        raise CarrierLookupError(
            f"the carrier {point.name!r} of {_distribution(point)} refers to {point.value}, "
            "which does not exist"
        ) from error
    if not callable(build):
        raise CarrierLookupError(f"the carrier {point.name!r} of {_distribution(point)} is not a function")
    return build  # type: ignore[no-any-return]  # An entry point's type is a matter of trust.


def _distribution(point: metadata.EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed distribution"
