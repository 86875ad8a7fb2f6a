"""Messages on real Java: p4a's receiver glue, Play services' stand-ins, and everything that can be forged."""

from __future__ import annotations

import gc
import threading
import time
from typing import Any

import jnius
import pytest

from ringproof._calls import CodeRequest, TypedCode
from ringproof.android import AndroidCodes, sms_app_hash
from ringproof.android._bridge import play_services
from ringproof.testing import FakeClock
from tests.android.phone import Phone

MARK = "KVjPWAPR+7d"
CODE = "604127"
ACTION = "com.google.android.gms.auth.api.phone.SMS_RETRIEVED"
SEND = "com.google.android.gms.auth.api.phone.permission.SEND"
EXTRA = "com.google.android.gms.auth.api.phone.EXTRA_"
GOOGLE = "com.google.android.gms"
YES, NO = -1, 0
ASKED = CodeRequest("sms", length=6)
AGAIN = CodeRequest("sms", length=6, wrong=True)

Play: Any = jnius.autoclass("org.ringproof.standin.PlayServices")
Intent: Any = jnius.autoclass("android.content.Intent")
_Status: Any = jnius.autoclass("com.google.android.gms.common.api.Status")


def parcel(value: Any) -> Any:
    """The bridge chooses among the methods `putExtra` by the declared class."""
    return jnius.cast("android.os.Parcelable", value)


def status(code: int) -> Any:
    return parcel(_Status(code))


def text(code: str = CODE, mark: str = MARK) -> str:
    return f"{code} is your Example code. Never share it.\n\n{mark}"


class Screen:
    """A code field on the phone."""

    def __init__(self, phone: Phone, *, consent: bool = False) -> None:
        self.phone = phone
        self.clock = FakeClock()
        self.got: list[TypedCode] = []
        Play.appHash(MARK)
        self.codes = AndroidCodes(consent=consent, clock=self.clock)

    def start(self) -> Screen:
        self.codes.start(self.got.append)
        self.settle()
        return self

    def sms(self, message: str) -> int:
        reached = int(Play.sms(message))
        self.settle()
        return reached

    def forge(self, intent: Any, holds: str | None = SEND) -> int:
        reached = int(self.phone.broadcasts.fromApp(intent, holds))
        self.settle()
        return reached

    def settle(self) -> None:
        """From the receiver's thread to the main one, and back."""
        for _ in range(3):
            self.phone.settle()

    def answer(self, outcome: int, data: Any) -> None:
        screens = self.phone.screens
        screens.answer(screens.startedCode(screens.startedCount() - 1), outcome, data)
        self.settle()

    @property
    def opened(self) -> int:
        return int(self.phone.screens.startedCount())


@pytest.fixture
def screen(phone: Phone) -> Any:
    made: list[Screen] = []

    def make(*, consent: bool = False) -> Screen:
        made.append(Screen(phone, consent=consent))
        return made[-1]

    yield make
    for each in made:
        each.codes.stop()
    phone.settle()


def test_the_hash_of_this_app_is_computed_from_its_name_and_certificate(phone: Phone) -> None:
    """The same eleven characters as by openssl; none when several have signed it or nobody is known."""
    assert sms_app_hash() == MARK
    signing = jnius.autoclass("org.ringproof.standin.Signing")
    for count in (0, 2):
        signing.setCount(count)
        assert sms_app_hash() is None


@pytest.mark.parametrize("tasks", ["later", "at once", "never"])
def test_a_message_of_ours_fills_the_code_in(screen: Any, tasks: str) -> None:
    """However the task ends, if it ends at all: the message is what counts."""
    Play.answers(tasks)
    here = screen().start()
    assert here.codes.app_hash == MARK
    assert Play.running() == "retriever"
    here.codes.ask(ASKED)
    assert here.sms(text()) == 1
    assert here.got == [TypedCode(CODE, "retriever")]
    Play.endTasks()
    here.settle()
    assert len(here.got) == 1


def test_only_the_services_may_send_the_broadcast(screen: Any) -> None:
    """An app without their permission reaches nobody; one that holds it has only forged a message."""
    here = screen().start()
    forged = Intent(ACTION).putExtra(EXTRA + "STATUS", status(0))
    forged.putExtra(EXTRA + "SMS_MESSAGE", text("000000"))
    assert here.forge(forged, None) == 0
    assert here.forge(forged, "android.permission.INTERNET") == 0
    assert here.got == []
    assert here.phone.receivers(ACTION) == 1


def hostile() -> list[Any]:
    """Broadcasts as an attacker would make them."""
    empty = Intent(ACTION)
    texts = Intent(ACTION).putExtra(EXTRA + "STATUS", "0").putExtra(EXTRA + "SMS_MESSAGE", 604127)
    number = Intent(ACTION).putExtra(EXTRA + "STATUS", 0).putExtra(EXTRA + "SMS_MESSAGE", text())
    other = Intent(ACTION).putExtra(EXTRA + "STATUS", parcel(Intent("x")))
    huge = Intent(ACTION).putExtra(EXTRA + "STATUS", status(0))
    huge.putExtra(EXTRA + "SMS_MESSAGE", "9" * 500_000)
    foreign = Intent(ACTION).putExtra(EXTRA + "STATUS", status(0))
    foreign.putExtra(EXTRA + "SMS_MESSAGE", text(mark="AAAAAAAAAAA"))
    status_as_dialog = Intent(ACTION).putExtra(EXTRA + "STATUS", status(0))
    status_as_dialog.putExtra(EXTRA + "CONSENT_INTENT", status(0))
    unset = Intent(ACTION).putExtra(EXTRA + "STATUS", status(0)).putExtra(EXTRA + "SMS_MESSAGE", "")
    return [empty, texts, number, other, huge, foreign, status_as_dialog, unset]


@pytest.mark.parametrize("which", range(8))
@pytest.mark.parametrize("consent", [False, True])
def test_a_hostile_broadcast_neither_crashes_nor_injects(screen: Any, which: int, consent: bool) -> None:
    """Wrong types, missing and huge extras, other apps' messages: no code, no dialog; ours still comes."""
    here = screen(consent=consent).start()
    here.codes.ask(ASKED)
    assert here.forge(hostile()[which]) == 1
    assert (here.got, here.opened) == ([], 0)
    assert here.sms(text()) == 1
    if consent:
        here.answer(YES, Play.consented())
    assert here.got == [TypedCode(CODE, "retriever")]


@pytest.mark.parametrize("owner", ["evil.example", "org.example.app"])
def test_a_forged_dialog_is_not_opened(screen: Any, owner: str) -> None:
    """Neither another app's nor one of our own closed screens: both would be opened with our rights."""
    here = screen(consent=True).start()
    forged = Play.broadcast(0).putExtra(EXTRA + "CONSENT_INTENT", parcel(Play.consent(owner)))
    assert here.forge(forged) == 1
    hidden = Play.consent(owner).setPackage(GOOGLE)
    assert here.forge(Play.broadcast(0).putExtra(EXTRA + "CONSENT_INTENT", parcel(hidden))) == 1
    implicit = Intent("x").setPackage(owner)
    assert here.forge(Play.broadcast(0).putExtra(EXTRA + "CONSENT_INTENT", parcel(implicit))) == 1
    lending = Play.consent(GOOGLE).addFlags(1)
    assert here.forge(Play.broadcast(0).putExtra(EXTRA + "CONSENT_INTENT", parcel(lending))) == 1
    assert here.opened == 0


def test_what_other_screens_of_the_app_answer_is_not_the_dialogs_answer(screen: Any) -> None:
    """Every result of the activity is heard; only that of the dialog's own request counts, once."""
    here = screen(consent=True).start()
    here.codes.ask(ASKED)
    here.sms(f"{CODE} is your Example code.")
    screens = here.phone.screens
    code = screens.startedCode(screens.startedCount() - 1)
    for other in (0, 1, code - 1, code + 1, 0xFFFF):
        screens.answer(other, YES, Play.consented())
    here.settle()
    assert here.got == []
    here.answer(YES, Play.consented())
    here.answer(YES, Play.consented())
    assert here.got == [TypedCode(CODE, "retriever")]


def test_with_consent_one_dialog_brings_the_message(screen: Any) -> None:
    """The message needs no mark: the person has seen it."""
    here = screen(consent=True).start()
    assert (here.codes.app_hash, Play.running()) == (None, "consent")
    here.codes.ask(ASKED)
    here.sms(f"{CODE} is your Example code.")
    assert (here.opened, here.got) == (1, [])
    here.answer(YES, Play.consented())
    assert here.got == [TypedCode(CODE, "retriever")]


@pytest.mark.parametrize("how", ["no", "yes without data", "yes without message", "no such screen"])
def test_a_dialog_that_brings_nothing_leaves_the_field(screen: Any, how: str) -> None:
    """Cancelled, closed by the system or impossible: the person types, and is not asked again."""
    here = screen(consent=True).start()
    here.phone.screens.setMissing(how == "no such screen")
    here.sms(text(mark=""))
    if how == "no":
        here.answer(NO, Play.consented())
    elif how == "yes without data":
        here.answer(YES, None)
    elif how == "yes without message":
        here.answer(YES, Intent("x"))
    assert (here.got, here.codes.way) == ([], None)
    here.codes.ask(AGAIN)
    assert Play.starts("consent") == 1
    here.codes.enter(CODE)
    assert here.got == [TypedCode(CODE, "manual")]


@pytest.mark.parametrize("tasks", ["later", "at once"])
@pytest.mark.parametrize("status", [10, 17, -1])
def test_a_refused_retriever_gives_way_to_consent_and_then_to_typing(
    screen: Any, tasks: str, status: int
) -> None:
    """By the failure listener, with a status of the services or with a fault of any kind."""
    Play.answers(tasks)
    Play.refuse("retriever", status)
    here = screen().start()
    here.settle()
    assert (Play.starts("retriever"), Play.running(), here.codes.way) == (1, "consent", "consent")
    here.codes.stop()
    Play.refuse("consent", status)
    here = screen().start()
    here.settle()
    assert here.codes.way is None
    here.codes.enter(CODE)
    assert here.got == [TypedCode(CODE, "manual")]


def test_a_time_out_is_followed_by_a_new_start_when_a_code_is_asked_for(screen: Any) -> None:
    """Told by the services in the extra with the status."""
    here = screen().start()
    Play.fail(15)
    here.settle()
    assert (Play.running(), Play.starts("retriever")) == (None, 1)
    here.codes.ask(ASKED)
    assert Play.starts("retriever") == 2
    here.sms(text())
    assert here.got == [TypedCode(CODE, "retriever")]


def test_a_message_that_comes_twice_is_told_once(screen: Any) -> None:
    """The second broadcast of the same message costs no check."""
    here = screen().start()
    here.codes.ask(ASKED)
    twice = Play.broadcast(0).putExtra(EXTRA + "SMS_MESSAGE", text())
    assert (here.forge(twice), here.forge(twice)) == (1, 1)
    assert here.got == [TypedCode(CODE, "retriever")]


def test_fifty_restarts_leave_nothing_behind_and_still_hear(screen: Any) -> None:
    """The stock receiver of the build fails at the second."""
    here = screen()
    began = time.monotonic()
    for number in range(50):
        here.got.clear()
        here.start()
        assert here.phone.receivers(ACTION) == 1
        here.codes.ask(ASKED)
        here.sms(text(f"{number:06d}"))
        assert [each.code for each in here.got] == [f"{number:06d}"]
        here.codes.stop()
        gc.collect()
        assert here.phone.receivers(ACTION) == 0
    print(f"50 restarts with a message each: {time.monotonic() - began:.2f} s")


@pytest.mark.parametrize("refused", [0, 10])
def test_listeners_that_only_java_knows_are_not_collected(screen: Any, refused: int) -> None:
    """Nothing in Python holds them but the bridge; freed, the end of the task would end the process."""
    Play.answers("never")
    Play.refuse("retriever", refused)
    kept = len(play_services._waiting)
    for _ in range(40):
        screen().start().codes.stop()
    for _ in range(3):
        gc.collect()
        _ = [bytearray(1000) for _ in range(2000)]
    assert len(play_services._waiting) == kept + 40
    Play.endTasks()
    here = screen().start()
    assert len(play_services._waiting) == kept + 1
    here.codes.stop()
    Play.endTasks()
    here.settle()
    assert len(play_services._waiting) == kept


def test_everything_can_be_done_from_a_thread_of_pythons(screen: Any) -> None:
    """The flow runs on one; the listeners that Java calls are made where the app's classes are known."""
    here = screen()
    faults: list[BaseException] = []

    def flow() -> None:
        try:
            here.codes.start(here.got.append)
            here.codes.ask(ASKED)
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=flow)
    thread.start()
    thread.join(20)
    here.settle()
    assert faults == []
    here.sms(text())
    assert here.got == [TypedCode(CODE, "retriever")]


def test_a_dialog_answered_after_the_end_says_nothing(screen: Any) -> None:
    """The verification was over before the person looked."""
    here = screen(consent=True).start()
    here.sms(text(mark=""))
    here.codes.stop()
    here.answer(YES, Play.consented())
    assert here.got == []
