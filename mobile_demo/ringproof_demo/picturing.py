"""From the state of a verification to the screen that shows it, in somebody's language."""

from __future__ import annotations

from ringproof import Verification, Verified
from ringproof_demo.numbers import shown
from ringproof_demo.phone import Asks, Noticing, Reads
from ringproof_demo.settings import Fault, Settings
from ringproof_demo.verifying import DIGITS, State, Times
from ringproof_demo.view import (
    CallView,
    CodeView,
    ConsentView,
    DoneView,
    KeypadView,
    Phase,
    SettingsView,
    View,
    WaitView,
    Way,
)
from ringproof_demo.words import AppWords

BRAND = "Ringproof"

_READS: dict[Reads, str] = {"log": "reads_text", "screening": "reads_screening", "both": "reads_both"}
_ASKS: dict[Asks, str] = {"permission": "asks_next", "role": "asks_role"}


def picture(state: State, words: AppWords, *, number: str, asks: bool, two_sims: bool) -> View:
    """The screen for a running verification of a number, which is written as people read it.

    `asks` is whether a dialog of the device is open before anything is sent.
    """
    told = state.told
    if told is not None and told.keypad is not None and state.kind == "keypad":
        return KeypadView(
            heading=words.app("keypad_heading"),
            text=words.page("keypad_text", number=number),
            digits=" ".join(told.keypad.digits),
            ways=_ways(state, words),
            notice=_notice(state, words),
        )
    if told is not None and told.code is not None and state.kind == "code":
        return _code(state, told, words, number)
    if state.kind == "waiting":
        return WaitView(
            heading=words.app("waiting_heading"),
            text=words.app("waiting_text"),
            ways=_ways(state, words),
            notice=_notice(state, words),
        )
    return _call(state, words, number, asks=asks, two_sims=two_sims)


def consent(
    words: AppWords, *, number: str, server: str, noticing: Noticing, link: bool = False
) -> ConsentView:
    """What is about to happen, before it happens; `noticing` is what this device would read and ask for.

    `link`: a device that was told no for good may be given a way to its settings.
    """
    contact, instead = words.page("consent", brand=BRAND), words.page("start_sms")
    reads, asks = noticing.reads, noticing.asks
    in_settings = words.app("allow_in_settings") if link and noticing.blocked else None
    if reads is None:
        heading, text = words.app("consent_plain_heading"), words.app("consent_plain_text", number=number)
        return ConsentView(heading, text, (), contact, None, words.page("start"), None, instead, in_settings)
    points = (
        (words.app("reads_title"), words.app(_READS[reads])),
        (words.app("why_title"), words.app("why_text")),
        (words.app("stays_title"), words.app("stays_text", server=server)),
        (words.app("ends_title"), words.app("ends_text")),
    )
    return ConsentView(
        words.app("consent_heading"),
        words.app("consent_text", number=number),
        points,
        contact,
        words.app(_ASKS[asks]) if asks else None,
        words.app("allow") if asks else words.page("start"),
        words.app("without"),
        instead,
        in_settings,
    )


def settings(
    words: AppWords,
    draft: Settings,
    *,
    first: bool,
    fault: Fault | None,
    notice: str | None,
    screening: bool = False,
) -> SettingsView:
    """The settings with what stands in their fields, and what is wrong with it.

    `screening` is whether this device has a call-screening role.
    """
    sentence = None
    if fault is not None:
        named = fault.sentence in {"unreachable_text", "unexpected_text"}
        sentence = words.app(fault.sentence, server=draft.host) if named else words.app(fault.sentence)
    return SettingsView(
        draft,
        first,
        screening,
        server_error=sentence if fault and fault.field == "server" else None,
        key_error=sentence if fault and fault.field == "key" else None,
        notice=notice or (words.app("setup_text") if first else None),
    )


def done(verified: Verified, times: Times, words: AppWords, *, number: str) -> DoneView:
    """The last screen after success: what was proved, and how long it took."""
    view = verified.verification
    facts = [
        (words.page("proof_number"), view.phone_number or "–"),
        (words.page("proof_channel"), words.channel(verified.channel)),
    ]
    bits = view.assurance_bits
    if bits is not None and 0 <= bits < 256:
        chance = f"{round(2.0**bits):,}".replace(",", " ")
        facts.append((words.app("proof_strength"), words.app("proof_bits", bits=words.decimal(bits))))
        facts.append((words.page("proof_chance"), words.page("proof_chance_value", times=chance)))
    if times.from_ring is not None:
        facts.append((words.app("took_from_ring"), _seconds(times.from_ring, words)))
    facts.append((words.app("took_total"), _seconds(times.total, words)))
    return DoneView(words.page("verified_heading"), words.app("verified_text", number=number), tuple(facts))


def _seconds(seconds: float, words: AppWords) -> str:
    return words.page("timer_value", seconds=words.decimal(seconds))


def _call(state: State, words: AppWords, number: str, *, asks: bool, two_sims: bool) -> CallView:
    told, phase = state.told, _phase(state, asks=asks)
    flash = told.flashcall if told else None
    digits = flash.digits_to_type if flash else DIGITS
    label = words.app("digits_instead", digits=digits)
    if not state.hears:
        label = words.page("digits_label", digits=digits)
    heading, text = _call_words(state, phase, words, number)
    hint = words.app("other_sim") if two_sims and phase in {"calling", "starting"} else None
    return CallView(
        phase=phase,
        hears=state.hears,
        heading=heading,
        text=text,
        hint=words.app("permission_refused") if state.refused else hint,
        label=label,
        begins=_begins(told, words),
        digits=digits,
        can_check=flash is not None and not state.checking,
        until=state.until,
        automatic=_automatic(state),
        progress=words.page("calling_progress", call=flash.call, calls=flash.calls)
        if flash and flash.calls > 1
        else None,
        ways=_ways(state, words),
        error=_call_error(state, words),
        notice=_notice(state, words),
    )


def _begins(told: Verification | None, words: AppWords) -> str | None:
    prefix = told.flashcall.caller_id_pattern.prefix if told and told.flashcall else ""
    return words.page("caller_begins", prefix=shown(prefix, words.tag)) if len(prefix) > 1 else None


def _phase(state: State, *, asks: bool) -> Phase:
    if state.checking:
        return "checking"
    if state.kind == "preparing":
        return "asking" if asks else "starting"
    return "ringing" if state.kind == "ringing" else "calling" if state.kind == "calling" else "starting"


def _call_words(state: State, phase: Phase, words: AppWords, number: str) -> tuple[str, str]:
    if phase == "asking":
        return words.page("calling_heading"), words.app("call_asking")
    if phase == "ringing":
        return words.app("ringing_heading"), words.app("ringing_text" if state.hears else "ringing_type")
    if phase == "checking":
        return words.page("checking"), words.app("reported") if state.hears else ""
    flash = state.told.flashcall if state.told else None
    again = flash is not None and flash.call > 1
    heading = words.page("another_call_heading" if again else "calling_heading")
    sentence = words.page("another_call_text" if again else "calling_text", number=number)
    what = words.app("call_noticed_by_app") if state.hears else words.page("calling_no_need_to_answer")
    return heading, f"{sentence} {what}"


def _call_error(state: State, words: AppWords) -> str | None:
    if state.wrong == "call":
        return words.app("other_number")
    if state.wrong == "entry":
        return _with_checks(words.page("mismatch_digits"), state, words)
    return None


def _code(state: State, told: Verification, words: AppWords, number: str) -> CodeView:
    length = told.code.length if told.code else None
    wrong = words.page("mismatch_totp" if told.channel == "totp" else "mismatch_code")
    wait = told.next.check_in or 0.0
    return CodeView(
        heading=words.page("code_heading"),
        text=words.code_sent(told.channel, number),
        label=words.page("code_help", length=length) if length else words.page("code_label"),
        length=length,
        ways=_ways(state, words),
        filled=state.filled,
        busy=state.checking,
        error=_with_checks(wrong, state, words) if state.wrong in {"entry", "call"} else None,
        notice=_notice(state, words) or (words.page("code_filled") if state.filled else None),
        check_at=state.told_at + wait,
    )


def _with_checks(sentence: str, state: State, words: AppWords) -> str:
    left = state.told.checks_left if state.told else None
    return sentence if left is None else f"{sentence} {words.page('checks_left', checks=left)}"


def _ways(state: State, words: AppWords) -> tuple[Way, ...]:
    """The other channels that the server offers, the free ones first; its own channel means *again*."""
    told = state.told
    if told is None:
        return ()
    offered = sorted(told.next.channels.items(), key=lambda entry: entry[1])
    return tuple(
        Way(
            channel,
            words.page("send_again") if channel == told.channel else words.way(channel),
            state.told_at + seconds,
        )
        for channel, seconds in offered
    )


def _automatic(state: State) -> tuple[str, float] | None:
    """The channel to which the server goes by itself when nothing comes, and when."""
    automatic = state.told.next.automatic if state.told else None
    if automatic is None or state.kind not in {"calling", "ringing"}:
        return None
    return automatic.channel, state.told_at + automatic.seconds


def _notice(state: State, words: AppWords) -> str | None:
    """What the person should know besides."""
    if state.offline:
        return words.app("offline_notice")
    if state.too_early is not None:
        if state.too_early > 0:
            return words.page("too_early_text", wait=words.wait(state.too_early))
        told = words.problem("no-steps-left")
        return told[1] if told else None
    return words.page("moved_on") if state.wrong == "moved" else None
