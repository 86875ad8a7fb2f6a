"""Requests to the network: placing calls and sending messages, as rows of its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Executable, insert
from sqlalchemy.dialects import postgresql, sqlite

from ringproof_server.carriers.simulated.behaviour import Behaviour, Fault
from ringproof_server.carriers.simulated.call import CallState
from ringproof_server.carriers.simulated.dice import Dice
from ringproof_server.carriers.simulated.planning import plan_call, plan_message
from ringproof_server.carriers.simulated.settings import NetworkSettings
from ringproof_server.carriers.simulated.tables import calls, handsets, messages
from ringproof_server.ports import OutgoingCall, OutgoingMessage


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the network took it in; with the seed it decides everything that follows from it."""

    number: str = field(repr=False)
    ordinal: int
    behaviour: Behaviour
    delay_ms: int
    fault: Fault
    dice: Dice


def take_request(connection: Connection, number: str, settings: NetworkSettings) -> Request:
    """Count a request to a handset, which comes into being with the first, and draw what it meets."""
    counting = _COUNT_ON_SQLITE if connection.dialect.name == "sqlite" else _COUNT_ON_POSTGRESQL
    row = connection.execute(counting, new_handset(number) | {"placements": 1}).one()
    dice = settings.dice.about(number, row.placements)
    fault = Fault(row.fault)
    if fault is Fault.NONE:
        fault = settings.faults.drawn(dice)
    return Request(number, row.placements, Behaviour(row.behaviour), row.delay_ms, fault, dice)


def insert_call(
    connection: Connection,
    call: OutgoingCall,
    *,
    call_id: str,
    request: Request,
    settings: NetworkSettings,
    now: int,
) -> None:
    """The network takes the call; its whole course is planned here."""
    plan = plan_call(
        request.behaviour,
        delay_ms=request.delay_ms,
        caller_id=call.caller_id,
        dial_timeout=call.dial_timeout,
        placed_at=now,
        timings=settings.timings,
        dice=request.dice,
    )
    connection.execute(
        _INSERT_CALL,
        {
            "id": call_id,
            "attempt_id": call.attempt_id,
            "reference": call.reference,
            "number": call.to,
            "ordinal": request.ordinal,
            "behaviour": request.behaviour.value,
            "caller_id": call.caller_id,
            "caller_id_shown": plan.shown,
            "dial_timeout": call.dial_timeout,
            "document_url": call.document_url,
            "events_url": call.events_url,
            "placed_at": now,
            "rings_at": plan.rings_at,
            "answers_at": plan.answers_at,
            "answered_by": None if plan.answered_by is None else plan.answered_by.value,
            "ends_at": plan.ends_at,
            "end_reason": plan.end_reason.value,
            "cancel_takes": plan.cancel_takes,
            "state": CallState.PLACED.value,
            "hang_ups": 0,
            "keys": "",
            "events": 0,
            "document_claimed_until": 0,
            "due_at": plan.ends_at if plan.rings_at is None else plan.rings_at,
        },
    )


def insert_message(
    connection: Connection,
    message: OutgoingMessage,
    *,
    message_id: str,
    request: Request,
    settings: NetworkSettings,
    now: int,
) -> None:
    """The network takes the message; a handset that is off never gets it."""
    connection.execute(
        insert(messages).values(
            id=message_id,
            attempt_id=message.attempt_id,
            reference=message.reference,
            number=message.to,
            ordinal=request.ordinal,
            behaviour=request.behaviour.value,
            channel=message.channel.value,
            sender=message.sender,
            text=message.text,
            events_url=message.events_url,
            placed_at=now,
            due_at=plan_message(
                request.behaviour,
                delay_ms=request.delay_ms,
                placed_at=now,
                timings=settings.timings,
                dice=request.dice,
            ),
        )
    )


def upsert(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    """An insert of a handset that can say what happens when the handset exists."""
    return sqlite.insert(handsets) if connection.dialect.name == "sqlite" else postgresql.insert(handsets)


def new_handset(number: str) -> dict[str, str | int]:
    """A handset as it comes into being: it rings."""
    return {
        "number": number,
        "behaviour": Behaviour.RING.value,
        "delay_ms": 0,
        "fault": Fault.NONE.value,
        "placements": 0,
        "last_seq": 0,
    }


def _counting(statement: sqlite.Insert | postgresql.Insert) -> Executable:
    return statement.on_conflict_do_update(
        index_elements=[handsets.c.number], set_={"placements": handsets.c.placements + 1}
    ).returning(handsets.c.placements, handsets.c.behaviour, handsets.c.delay_ms, handsets.c.fault)


# Made once: making a statement costs several times what running it does.
_COUNT_ON_SQLITE: Final = _counting(sqlite.insert(handsets))
_COUNT_ON_POSTGRESQL: Final = _counting(postgresql.insert(handsets))
_INSERT_CALL: Final = insert(calls)
