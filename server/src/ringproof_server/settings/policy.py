"""The policy of all applications, each field one variable, bounded by the policy itself."""

from __future__ import annotations

from functools import partial
from typing import Final, get_args, get_origin, get_type_hints

from ringproof_server.domain.policy import POLICY_FIELDS, Policy, RingTimeRule
from ringproof_server.domain.stage import read_stage
from ringproof_server.settings.reading import Reader
from ringproof_server.settings.values import countries, integer, one_of, parts, real, switch


def read_field(name: str, text: str) -> object:
    """The value of one field of a policy; `ValueError` with the rest of a sentence about it."""
    value = _policy_value(name, text)
    try:
        Policy(**{name: value})  # type: ignore[arg-type]
    except ValueError as fault:
        start, told = f"{name} must", str(fault)
        raise ValueError(
            told.removeprefix(f"{name} ") if told.startswith(start) else f"must fit: {told}"
        ) from None
    return value


def read_policy(reader: Reader) -> Policy:
    """Each field is tried alone, so that every value out of bounds is reported."""
    wanted: dict[str, object] = {}
    for name in POLICY_FIELDS:
        value = reader.take(name.upper(), partial(read_field, name), None)
        if value is not None:
            wanted[name] = value
    try:
        return Policy(**wanted)  # type: ignore[arg-type]
    except ValueError as fault:
        reader.faults.append(f"policy: {fault}")
        return Policy()


_POLICY_DEFAULTS: Final = Policy()
_PAIRS: Final = frozenset(
    name
    for name, hint in get_type_hints(Policy).items()
    if get_origin(hint) is tuple and ... not in get_args(hint)
)


def _policy_value(name: str, text: str) -> object:
    """Read by the type of the field's default; what a tuple holds is told by its first element."""
    default = getattr(_POLICY_DEFAULTS, name)
    if name == "allowed_countries":
        return countries(text)
    if name == "workflow":
        return tuple(map(read_stage, parts(text)))
    if not isinstance(default, tuple):
        return _scalar(default, text)
    found = parts(text)
    if name in _PAIRS and len(found) != 2:
        raise ValueError("must be two values with a comma between them")
    return tuple(_scalar(default[0], part) for part in found)


def _scalar(example: object, text: str) -> object:
    match example:
        case bool():
            return switch(text)
        case RingTimeRule():
            return one_of(tuple(RingTimeRule))(text)
        case int():
            return integer(text)
        case _:
            return real(text)
