"""What several suites check in the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from ringproof_server.domain.errors import CallbackRefused, CarrierError
from ringproof_server.ports import CallbackRequest
from ringproof_server.testing.carrier_contract.bench import CODE, CarrierBench

E = TypeVar("E", bound=CarrierError)


def fails(bench: CarrierBench, error: type[E], act: Callable[[], object]) -> E:
    """The error of exactly this class that `act` raises, which tells no secret."""
    with pytest.raises(CarrierError) as caught:
        act()
    found = caught.value
    tells_nothing(bench, found)
    assert isinstance(found, error), f"{type(found).__name__} was raised, {error.__name__} is right"
    return found


def refused(bench: CarrierBench, callback: CallbackRequest) -> None:
    """The callback is not believed, and the refusal repeats nothing of it."""
    with pytest.raises(CallbackRefused) as caught:
        bench.carrier.parse_event(callback)
    tells_nothing(bench, caught.value)


def tells_nothing(bench: CarrierBench, error: BaseException) -> None:
    """Neither the error nor what a traceback shows of its causes holds a number, a code or a credential."""
    caller_ids = (bench.caller_id.lstrip("+"), bench.other_caller_id.lstrip("+"))
    secrets = (bench.number.e164.lstrip("+"), *caller_ids, CODE, *bench.secrets)
    shown: BaseException | None = error
    while shown is not None:
        text = f"{shown} {shown!r}"
        assert not any(secret in text for secret in secrets), "an error tells a secret"
        hidden = shown.__suppress_context__
        shown = shown.__cause__ or (None if hidden else shown.__context__)


def changed(text: str) -> str:
    """The text with its last letter or digit replaced by one that also differs as hexadecimal or Base64.

    The last character of a Base64 text may hold up to four bits that mean nothing; `0` and `f` differ in the
    others, from each other and from whatever they replace here.
    """
    for place in range(len(text) - 1, -1, -1):
        if text[place].isalnum():
            other = "f" if text[place] in "wxyz0123456789" else "0"
            return text[:place] + other + text[place + 1 :]
    return text + "0"
