"""Several processes and one network: each thing is done once, and what one leaves undone another does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from ringproof_server.carriers.simulated import (
    CALLS_PER_ATTEMPT_SQL,
    MESSAGES_PER_ATTEMPT_SQL,
    Behaviour,
    HandsetCall,
)
from ringproof_server.carriers.simulated.exchange import LEASE, Exchange
from ringproof_server.carriers.simulated.moments import SECOND
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import CallbackRequest
from ringproof_server.storage import SqlStorage, open_storage
from tests.server.carriers.network import CONFIRMING, NUMBER, Network, NetworkClock
from tests.support.databases import hasher

Opener = Callable[[], Network]


class Killed(BaseException):
    """Ends a process in the middle of a step, before anything after it is recorded."""


@pytest.fixture
def processes(database: str) -> Iterator[Opener]:
    """Opens one more process's part of the same network, with the same clock."""
    clock = NetworkClock()
    opened: list[SqlStorage] = []

    def open_one() -> Network:
        opened.append(open_storage(database, hasher=hasher))
        return Network(opened[-1], clock=clock)

    yield open_one
    for storage in opened:
        storage.close()


def test_two_processes_deliver_each_callback_once(processes: Opener) -> None:
    """Four threads of two processes work on everything at once, and no event reaches the server twice."""
    first, second = processes(), processes()
    numbers = [PhoneNumber(f"+4477009000{count:02}") for count in range(20)]
    for count, number in enumerate(numbers):
        if count % 2:
            first.handsets.behave(number, Behaviour.ANSWER)
        first.call(f"att_call_{count}", to=number)
        second.send(f"att_message_{count}", to=number)
        second.call(f"att_again_{count}", to=number)
    delivered: list[str] = []
    heard: list[str] = []
    exchanges = [_counting(network, delivered, heard) for network in (first, second, first, second)]
    for _ in range(20):
        first.clock.move(2)
        _at_once([lambda exchange=exchange: [exchange.step() for _ in range(6)] for exchange in exchanges])  # type: ignore[misc]  # The default binds it.
    assert first.exchange.step() is None
    assert max(Counter(delivered).values()) == 1
    events_of_answered, events_of_unanswered, deliveries = 3, 2, 20
    assert len(delivered) == 20 * events_of_answered + 20 * events_of_unanswered + deliveries
    assert len(heard) == len(set(heard)) == 20
    for number in numbers:
        events = first.handsets.events(number)
        assert [event.seq for event in events] == [1, 2, 3, 4, 5]


def test_what_a_killed_process_had_claimed_is_delivered_by_another(processes: Opener) -> None:
    """After the lease, not before, the callback comes again with the same key: at least once."""
    first, second = processes(), processes()
    first.send()
    first.clock.move(5)
    taken: list[CallbackRequest] = []

    def deliver_and_die(request: CallbackRequest) -> None:
        taken.append(request)
        raise Killed

    with pytest.raises(Killed):
        first.carrier.exchange(deliver_and_die, lambda url, keys=None: "").step()
    second.pass_time((LEASE - 1) / SECOND)
    assert second.events == []
    second.pass_time(1)
    assert [event.key for event in second.events] == [_key(second, taken[0])]


def test_a_document_that_a_killed_process_was_fetching_is_heard(processes: Opener) -> None:
    """Whoever answered does not hear silence because one server died."""
    first, second = processes(), processes()
    first.handsets.behave(NUMBER, Behaviour.ANSWER)
    first.call()

    def die(_url: str, keys: str | None = None) -> str:
        raise Killed

    dying = first.carrier.exchange(lambda _request: None, die)
    with pytest.raises(Killed):
        _work_for(dying, first.clock, 10)
    second.pass_time()
    (call,) = second.carrier.record.calls_of("att_1")
    assert call.heard == "Your number is being confirmed."


def test_a_restarted_network_goes_on_as_if_nothing_had_been(processes: Opener) -> None:
    """Calls ring and end at their times while no server runs, and the events come when one is back."""
    first = processes()
    first.call()
    first.pass_time(2)
    assert [event.kind for event in first.events] == ["ring"]
    first.clock.move(40)
    second = processes()
    second.pass_time(1)
    assert [event.kind for event in second.events] == ["end"]
    assert second.events[0].ring_ms == 20_000
    last = second.handsets.events(NUMBER)[-1]
    assert isinstance(last, HandsetCall)
    assert last.ring_ms == 20_000


def test_any_process_can_hang_up_any_call(processes: Opener) -> None:
    """The call was placed by one process and is ended by another."""
    first, second = processes(), processes()
    remote_id = first.call()
    first.pass_time(6)
    second.carrier.hang_up(remote_id)
    first.pass_time(1)
    (call,) = first.carrier.record.calls_of("att_1")
    assert (call.state, call.reason, call.hang_ups) == ("ended", "rang", 1)


def test_the_record_can_be_read_with_plain_sql(processes: Opener) -> None:
    """A tool from outside counts what was placed for each attempt."""
    network = processes()
    network.call()
    network.call()
    network.send()

    def counted(statement: str) -> dict[str, int]:
        rows = network.store.look(lambda connection: connection.execute(text(statement)).all())
        return {row[0]: row[1] for row in rows}

    assert counted(CALLS_PER_ATTEMPT_SQL) == network.carrier.record.calls_per_attempt() == {"att_1": 2}
    assert counted(MESSAGES_PER_ATTEMPT_SQL) == network.carrier.record.messages_per_attempt() == {"att_2": 1}


def test_many_requests_at_once_are_counted_one_by_one(processes: Opener) -> None:
    """Calls to one handset from two processes at once have numbers of their own, so their plans differ."""
    networks = [processes(), processes()]
    _at_once(
        [
            lambda network=network, name=name: [network.call(f"{name}_{count}") for count in range(10)]  # type: ignore[misc]  # The defaults bind them.
            for name, network in zip(("att_a", "att_b"), networks, strict=True)
        ]
    )
    ordinals = networks[0].store.look(
        lambda connection: connection.execute(text("SELECT ordinal FROM simulated_calls")).scalars().all()
    )
    assert sorted(ordinals) == list(range(1, 21))


def _counting(network: Network, delivered: list[str], heard: list[str]) -> Exchange:
    """A process's part of the network that notes what it delivers and fetches."""

    def deliver(request: CallbackRequest) -> None:
        delivered.append(_key(network, request))

    def answer(url: str, keys: str | None = None) -> str:
        heard.append(url)
        return CONFIRMING

    return network.carrier.exchange(deliver, answer)


def _at_once(acts: list[Callable[[], object]]) -> None:
    """Do all of these in threads of their own; what one of them raises is raised here."""
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result()


def _work_for(exchange: Exchange, clock: NetworkClock, seconds: int) -> None:
    for _ in range(seconds * 2):
        clock.move(0.5)
        exchange.step()


def _key(network: Network, request: CallbackRequest) -> str:
    event = network.carrier.parse_event(request)
    assert event is not None
    return event.key
