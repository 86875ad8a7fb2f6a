"""Codes that fill themselves in, on Play services that do what a test says: no Java, no waiting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringproof._calls import CodeRequest, TypedCode
from ringproof.android._messages import (
    MOST_READ,
    MOST_STARTS,
    NO_STATUS,
    OK,
    WAITS,
    AndroidCodes,
    ConsentDialog,
    MessageNews,
    Way,
)
from ringproof.testing import FakeClock
from tests.client_sdk.phones import Scene
from tests.support import leaks

MARK = "FA+9qCX9VSu"
CODE = "604127"
GOOGLE = "com.google.android.gms"
TIMEOUT, DEVELOPER_ERROR, NO_SERVICES = 15, 10, 17
ASKED = CodeRequest("sms", length=6)
AGAIN = CodeRequest("sms", length=6, wrong=True)

leaks.secrets([CODE], "code")


class Services:
    """Play services without a phone: they note what is asked of them, and a test says what comes."""

    def __init__(self, **refused: int) -> None:
        self.refused = refused
        self.started: list[Way] = []
        self.listening = 0
        self.take: Callable[[MessageNews], None] = lambda _: None
        self.dialogs: list[Callable[[str | None], None]] = []
        self.ends: list[Callable[[int], None]] = []
        self.slow = False
        self.deaf = False
        self.mark: str | None = None

    def app_hash(self) -> str | None:
        return self.mark

    def listen(self, take: Callable[[MessageNews], None]) -> bool:
        self.listening = int(not self.deaf)
        self.take = take
        return not self.deaf

    def stop(self) -> None:
        self.listening = 0

    def start(self, way: Way, done: Callable[[int], None]) -> None:
        self.started.append(way)
        self.ends.append(done)
        if not self.slow:
            done(self.refused.get(way, OK))

    def ask(self, dialog: ConsentDialog, done: Callable[[str | None], None]) -> None:
        self.dialogs.append(done)

    def sms(self, text: str) -> None:
        self.take(MessageNews(OK, message=text))

    def offer(self, owner: str | None = GOOGLE, flags: int = 0) -> None:
        self.take(MessageNews(OK, dialog=ConsentDialog(owner, flags, object())))


def text(code: str = CODE, mark: str = MARK) -> str:
    return f"{code} is your Example code. Never share it.\n\n{mark}"


class Screen:
    """An app's screen with a code field, and what reached the flow."""

    def __init__(self, *, app_hash: str | None = MARK, **refused: int) -> None:
        self.clock = FakeClock()
        self.services = Services(**refused)
        self.shown: list[str] = []
        self.got: list[TypedCode] = []
        self.codes = AndroidCodes(
            app_hash=app_hash, reader=self.services, clock=self.clock, on_read=self.shown.append
        )

    def start(self) -> Screen:
        self.codes.start(self.got.append)
        return self

    @property
    def read(self) -> list[str | None]:
        return [code.code for code in self.got]


def test_a_message_of_ours_fills_the_code_in() -> None:
    """Listening begins before anything is sent; the code comes with its origin and is shown."""
    screen = Screen().start()
    assert screen.services.started == ["retriever"]
    screen.codes.ask(ASKED)
    screen.services.sms(text())
    assert screen.got == [TypedCode(CODE, "retriever")]
    assert screen.shown == [CODE]
    assert screen.services.started == ["retriever"]


def test_a_code_can_always_be_typed() -> None:
    """Whatever the phone can, the field works, also when the message was read before."""
    screen = Screen().start()
    screen.services.sms(text())
    screen.codes.enter("111111")
    screen.codes.enter(None)
    assert screen.got[1:] == [TypedCode("111111", "manual"), TypedCode(None, "manual")]


def test_a_message_that_comes_twice_is_told_once() -> None:
    """The second copy of a broadcast, or the same code sent again, costs no second check."""
    screen = Screen().start()
    screen.codes.ask(ASKED)
    screen.services.sms(text())
    screen.services.sms(text())
    screen.codes.ask(AGAIN)
    screen.services.sms(text())
    assert screen.read == [CODE]


def test_a_message_that_overtakes_the_question_is_told_at_once() -> None:
    """The flow then looks at the server; nothing is lost."""
    screen = Screen().start()
    screen.services.sms(text())
    assert screen.read == [CODE]


def test_a_message_that_needs_the_length_waits_for_the_question() -> None:
    """Of two numbers in it the one of the right length is the code, once that is known."""
    screen = Screen().start()
    screen.services.sms(f"{CODE} is your code for Shop 4711.\n\n{MARK}")
    assert screen.read == []
    screen.codes.ask(ASKED)
    assert screen.read == [CODE]


def test_a_message_of_another_app_is_not_read_and_the_next_one_is_waited_for() -> None:
    """Each start brings one message, so a useless one is followed by a new start."""
    screen = Screen().start()
    screen.codes.ask(ASKED)
    screen.services.sms(text(mark="AAAAAAAAAAA"))
    assert screen.read == []
    assert screen.services.started == ["retriever"] * 2
    screen.services.sms(text())
    assert screen.read == [CODE]


def test_after_five_minutes_a_later_step_starts_it_again() -> None:
    """Whether Play services said so or the phone slept through it."""
    screen = Screen().start()
    screen.codes.ask(ASKED)
    assert screen.services.started == ["retriever"]
    screen.services.take(MessageNews(TIMEOUT))
    screen.codes.ask(AGAIN)
    assert screen.services.started == ["retriever"] * 2
    screen.codes.ask(AGAIN)
    assert screen.services.started == ["retriever"] * 2
    screen.clock.sleep(WAITS)
    screen.codes.ask(AGAIN)
    assert screen.services.started == ["retriever"] * 3


def test_a_wrong_code_is_followed_by_a_wait_for_the_next_message() -> None:
    """The start is spent with its message; the question that follows begins a new one."""
    screen = Screen().start()
    screen.codes.ask(ASKED)
    screen.services.sms(text())
    screen.codes.ask(AGAIN)
    screen.services.sms(text("777777"))
    assert screen.read == [CODE, "777777"]


@pytest.mark.parametrize("status", [2, 3, DEVELOPER_ERROR, 13, NO_SERVICES, 36500, NO_STATUS, 99999])
def test_a_refused_retriever_is_followed_by_the_consent_dialog(status: int) -> None:
    """Refused at the start or by broadcast, also with a status nobody knows: one dialog, asked once."""
    at_start = Screen(retriever=status).start()
    by_broadcast = Screen().start()
    by_broadcast.services.take(MessageNews(status))
    for screen in (at_start, by_broadcast):
        assert screen.services.started == ["retriever", "consent"]
        assert screen.codes.way == "consent"
        screen.services.offer()
        screen.services.offer()
        assert len(screen.services.dialogs) == 1
        screen.services.dialogs[0](text())
        assert screen.got == [TypedCode(CODE, "retriever")]


@pytest.mark.parametrize("status", [7, 8, 14, TIMEOUT, 16])
def test_a_passing_fault_is_tried_again_when_a_code_is_asked_for(status: int) -> None:
    """The way is kept."""
    screen = Screen().start()
    screen.services.take(MessageNews(status))
    assert screen.services.started == ["retriever"]
    screen.codes.ask(ASKED)
    assert screen.services.started == ["retriever"] * 2
    assert screen.codes.way == "retriever"


def test_without_a_hash_the_person_is_asked_for_consent() -> None:
    """The message needs no mark then: the person has seen and chosen it."""
    screen = Screen(app_hash=None).start()
    assert screen.services.started == ["consent"]
    screen.codes.ask(ASKED)
    screen.services.offer()
    screen.services.dialogs[0](f"Code: {CODE}")
    assert screen.read == [CODE]


def test_a_refused_consent_leaves_the_field_and_no_second_dialog() -> None:
    """Who has said no is not asked again in this verification, and types."""
    screen = Screen(app_hash=None).start()
    screen.services.offer()
    screen.services.dialogs[0](None)
    screen.codes.ask(ASKED)
    screen.services.offer()
    assert len(screen.services.dialogs) == 1
    assert screen.codes.way is None
    screen.codes.enter(CODE)
    assert screen.got == [TypedCode(CODE, "manual")]


def test_a_message_of_somebody_else_chosen_in_the_dialog_is_followed_by_another_wait() -> None:
    """Another service's message came first."""
    screen = Screen(app_hash=None).start()
    screen.services.offer()
    screen.services.dialogs[0](text(mark="AAAAAAAAAAA"))
    screen.services.offer()
    screen.services.dialogs[1](text(mark=""))
    assert screen.read == [CODE]


def test_a_phone_without_play_services_is_a_phone_with_a_field() -> None:
    """Both ways refused: nothing is raised and the person types."""
    screen = Screen(retriever=NO_SERVICES, consent=NO_SERVICES).start()
    assert screen.services.started == ["retriever", "consent"]
    assert screen.codes.way is None
    screen.codes.ask(ASKED)
    screen.codes.enter(CODE)
    assert screen.got == [TypedCode(CODE, "manual")]


def test_a_phone_that_does_not_let_the_app_listen_is_a_phone_with_a_field() -> None:
    """Nothing is started whose answer nobody would hear."""
    screen = Screen()
    screen.services.deaf = True
    screen.start()
    screen.codes.ask(ASKED)
    assert (screen.services.started, screen.codes.way) == ([], None)
    screen.codes.enter(CODE)
    assert screen.read == [CODE]


def test_codes_of_other_channels_are_left_to_the_person() -> None:
    """A text message that comes late is not the code of the call that is asked for now."""
    screen = Screen().start()
    screen.codes.ask(CodeRequest("voice", length=6))
    screen.services.sms(text())
    assert screen.read == []


@pytest.mark.parametrize(
    "forged",
    [
        MessageNews(None),
        MessageNews(None, message=text("000000")),
        MessageNews(OK),
        MessageNews(OK, message=""),
        MessageNews(OK, message="0" * 1_000_000),
        MessageNews(OK, message=text("000000", mark="AAAAAAAAAAA")),
        MessageNews(OK, dialog=ConsentDialog(GOOGLE, 0, object())),
        MessageNews(OK, dialog=ConsentDialog("evil.example", 0, object())),
    ],
)
def test_a_forged_broadcast_neither_crashes_nor_injects(forged: MessageNews) -> None:
    """Missing, contradictory, huge or foreign parts: no code, no dialog, and ours still arrives."""
    screen = Screen().start()
    screen.codes.ask(ASKED)
    screen.services.take(forged)
    assert screen.got == []
    assert screen.services.dialogs == []
    screen.services.sms(text())
    assert screen.read == [CODE]


@pytest.mark.parametrize(
    ("owner", "flags"),
    [("evil.example", 0), (None, 0), *((GOOGLE, flag) for flag in (0x01, 0x02, 0x40, 0x80))],
)
def test_only_googles_own_dialog_is_opened(owner: str | None, flags: int) -> None:
    """An Intent from a broadcast opened blindly would lend its sender the app's own rights and files."""
    screen = Screen(app_hash=None).start()
    screen.services.offer(owner, flags)
    assert screen.services.dialogs == []
    screen.services.offer()
    assert len(screen.services.dialogs) == 1


def test_a_dialog_answers_once_and_only_in_its_own_verification() -> None:
    """A result that nobody asked for is nobody's: a second one, or one that was open before the stop."""
    screen = Screen(app_hash=None).start()
    screen.services.offer()
    screen.codes.stop()
    screen.start()
    screen.services.offer()
    before, now = screen.services.dialogs
    before(text("000000", mark=""))
    assert screen.got == []
    now(text(mark=""))
    now(text("111111", mark=""))
    now(None)
    assert screen.read == [CODE]
    assert screen.codes.way == "consent"


def test_a_marked_message_is_nobodys_while_the_person_is_asked_for_consent() -> None:
    """Play services hand it over by the way that was started, and by no other."""
    screen = Screen(retriever=DEVELOPER_ERROR).start()
    assert screen.codes.way == "consent"
    screen.services.sms(text())
    assert screen.got == []


def test_a_flood_is_bounded() -> None:
    """Neither starts nor read codes grow with the number of broadcasts."""
    screen = Screen().start()
    screen.codes.ask(ASKED)
    for number in range(200):
        screen.services.take(MessageNews(TIMEOUT))
        screen.codes.ask(AGAIN)
        screen.services.sms(text(f"{number:06d}"))
    assert len(screen.services.started) == MOST_STARTS
    assert len(screen.got) == MOST_READ


def test_nothing_is_told_after_stop_and_a_new_start_begins_afresh() -> None:
    """Callbacks of an earlier verification that come late say nothing in a later one; fifty times over."""
    screen = Screen()
    screen.services.slow = True
    late: list[Callable[[MessageNews], None]] = []
    for _ in range(50):
        screen.start()
        late.append(screen.services.take)
        screen.codes.stop()
        assert screen.services.listening == 0
        screen.codes.stop()
    screen.start()
    for take, done in zip(late, screen.services.ends, strict=False):
        done(DEVELOPER_ERROR)
        take(MessageNews(OK, message=text("000000")))
    assert screen.got == []
    assert screen.codes.way == "retriever"
    screen.services.sms(text())
    assert screen.read == [CODE]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["ask", "typed", "offer", "yes", "no", "restart", "time"]),
            st.integers(-2, 40),
            st.sampled_from([CODE, "000001", "000002"]),
        ),
        max_size=30,
    ),
    st.sampled_from([MARK, None]),
)
def test_whatever_happens_the_field_works_and_no_code_is_told_twice(
    story: list[str | int], mark: str | None
) -> None:
    """Any order of questions, messages, dialogs, faults, restarts and time."""
    screen = Screen(app_hash=mark).start()
    for step in story:
        if isinstance(step, int):
            screen.services.take(MessageNews(step))
        elif step == "ask":
            screen.codes.ask(AGAIN)
        elif step == "typed":
            screen.codes.enter("999999")
            assert screen.got[-1] == TypedCode("999999")
        elif step == "offer":
            screen.services.offer()
        elif step in {"yes", "no"} and screen.services.dialogs:
            screen.services.dialogs.pop()(text() if step == "yes" else None)
        elif step == "restart":
            screen.codes.stop()
            screen.got.clear()
            screen.start()
        elif step == "time":
            screen.clock.sleep(WAITS)
        elif step.isdigit():
            screen.services.sms(text(step))
        read = [code.code for code in screen.got if code.source == "retriever"]
        assert len(read) == len(set(read)) <= MOST_READ
        assert len(screen.services.dialogs) <= MOST_STARTS


def test_news_and_dialogs_never_show_the_message_when_printed() -> None:
    """Their repr is fit for a log."""
    assert CODE not in repr(MessageNews(OK, message=text()))
    assert "secret" not in repr(ConsentDialog(GOOGLE, 0, "secret"))


def test_a_number_is_verified_by_a_message_that_nobody_had_to_type() -> None:
    """The whole flow: the message overtakes the news that it was sent; the code is told with its origin."""
    scene = Scene()
    services = Services()
    codes = AndroidCodes(app_hash=MARK, reader=services, clock=scene.clock)
    scene.server.on_code = lambda code: services.sms(text(code))
    verified = scene.client.verify("+447400123456", None, codes, channels=["sms"], sms_app_hash=MARK)
    assert verified.channel == "sms"
    assert scene.confirms() == [{"channel": "sms", "code": scene.server.code, "source": "retriever"}]
    assert services.listening == 0


def test_the_hash_that_the_server_needs_is_the_phones_own() -> None:
    """Computed there unless another is given; none where messages need none."""
    with_mark = Services()
    with_mark.mark = "AAAAAAAAAAA"
    assert AndroidCodes(reader=with_mark).app_hash == "AAAAAAAAAAA"
    assert AndroidCodes(reader=with_mark, app_hash=MARK).app_hash == MARK
    assert AndroidCodes(reader=with_mark, consent=True).app_hash is None
    assert AndroidCodes(reader=Services()).app_hash is None
