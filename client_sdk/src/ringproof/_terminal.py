"""`ringproof verify NUMBER`: the SDK in a terminal.

Progress goes to standard error, the token alone to standard output. Exit codes: 0 verified, 1 not verified,
2 a problem (one line says which).
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from ringproof._client import Ringproof
from ringproof._errors import NotVerifiedError, RingproofError
from ringproof._handset import SimulatedCallSource, SimulatedCodes
from ringproof._sources import ManualCallSource, TypedCodes

if TYPE_CHECKING:
    from ringproof._calls import CallSource, CodeSource
    from ringproof._flow import VerificationRun
    from ringproof._models import FlashCall, Verification, Verified
    from ringproof._progress import Progress

VERIFIED, NOT_VERIFIED, PROBLEM = 0, 1, 2

_WORDS = {
    "starting": "Starting …",
    "ringing": "It rings.",
    "checking": "Checking …",
    "wrong": "That was not right.",
    "waiting": "Waiting for the phone …",
    "offline": "No connection; trying on …",
    "verified": "Verified.",
}


class Terminal:
    """Shows what happens and takes what is typed: digits while a call is expected, then a code.

    One thread reads the lines for the whole verification, because a waiting read cannot be taken back.
    """

    def __init__(self, lines: TextIO, screen: TextIO) -> None:
        self._lines = lines
        self._screen = screen
        self.digits = ManualCallSource()
        self.codes = TypedCodes()
        self._run: VerificationRun | None = None

    def attend(self, run: VerificationRun) -> None:
        """Begin to read."""
        self._run = run
        threading.Thread(target=self._read, name="ringproof-keyboard", daemon=True).start()

    def say(self, words: str) -> None:
        """Show a line."""
        print(words, file=self._screen, flush=True)

    def show(self, progress: Progress) -> None:
        """Say where the verification is."""
        view = progress.verification
        if progress.kind == "calling" and view is not None and view.flashcall is not None:
            self._announce(progress, view, view.flashcall)
        elif progress.kind == "code" and view is not None:
            length = f"{view.code.length}-digit " if view.code and view.code.length else ""
            if view.channel == "voice":
                self.say(f"We call you. Answer, press 1, and type the {length}code you hear (or: quit).")
            else:
                self.say(f"Type the {length}code sent by {view.channel} (or: quit).")
        elif progress.kind == "keypad" and view is not None and view.keypad is not None:
            self.say(
                f"We call {view.phone_number or 'your phone'}. Answer, and type these digits with its keys: "
                f"{view.keypad.digits}"
            )
        elif progress.kind == "refused":
            wait = f" before {progress.seconds:.0f} s have passed" if progress.seconds else ""
            self.say(f"That is not possible{wait}.")
        elif progress.kind in _WORDS:
            self.say(_WORDS[progress.kind])

    def _announce(self, progress: Progress, view: Verification, flash: FlashCall) -> None:
        """A call will come: what to do, and how it is heard."""
        which = f"call {flash.call} of {flash.calls}" if flash.calls > 1 else "a call"
        self.say(
            f"Expect {which} to {view.phone_number or 'your phone'} from a number that begins with "
            f"{flash.caller_id_pattern.prefix}. Do not answer."
        )
        for way in progress.ways:
            if not way.taken:
                self.say(f"Not heard by {way.name}: {way.reason}.")
        digits = f"the last {flash.digits_to_type} digits of the number that called (or: sms, quit)."
        self.say(
            f"It is heard by itself; you may also type {digits}" if progress.automatic else f"Type {digits}"
        )

    def _read(self) -> None:
        for line in self._lines:
            self._take(line.strip())

    def _take(self, typed: str) -> None:
        run = self._run
        if run is None or not typed:
            return
        if typed.lower() in {"q", "quit"}:
            run.cancel()
        elif self.codes.request is not None:
            self.codes.enter(typed)
        elif typed.isalpha():
            run.switch(typed.lower())
        elif not self.digits.enter(typed):
            self.say("Too few digits.")


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    top = argparse.ArgumentParser(
        prog="ringproof", description="Prove that a person controls a phone number."
    )
    commands = top.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="verify a number and print the token")
    verify.add_argument("number", metavar="NUMBER", help="the number in international form: +447400123456")
    verify.add_argument("--server", required=True, metavar="URL", help="the server's address")
    verify.add_argument("--key", required=True, help="a publishable key, rp_pk_…")
    verify.add_argument("--language", metavar="TAG", help="what the person hears and reads, such as de-DE")
    verify.add_argument("--channel", action="append", metavar="NAME", help="allow only these, in this order")
    verify.add_argument(
        "--simulated",
        action="store_true",
        help="listen at the virtual handset of a demo server, to calls and messages",
    )
    verify.add_argument(
        "--sip-phone",
        metavar="HOST:PORT",
        help="listen at a baresip whose ctrl_tcp_listen this is, such as 127.0.0.1:4444",
    )
    verify.add_argument(
        "--allow-http", action="store_true", help="send the key unencrypted to another machine"
    )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is its exit code."""
    options = parser().parse_args(arguments)
    terminal = Terminal(sys.stdin, sys.stderr)
    try:
        verified = _verify(options, terminal)
    except KeyboardInterrupt:
        terminal.say("Cancelled.")
        return NOT_VERIFIED
    except NotVerifiedError as error:
        terminal.say(str(error))
        return NOT_VERIFIED
    except (RingproofError, ValueError) as error:
        terminal.say(f"ringproof: {' '.join(str(error).split())}")
        return PROBLEM
    print(verified.token, flush=True)
    return VERIFIED


def _verify(options: argparse.Namespace, terminal: Terminal) -> Verified:
    client = Ringproof(options.server, options.key, language=options.language, allow_http=options.allow_http)
    sources: list[CallSource] = [terminal.digits]
    codes: CodeSource = terminal.codes
    if options.simulated:
        sources.insert(0, SimulatedCallSource(options.server, options.number))
        codes = SimulatedCodes(options.server, options.number)
    if options.sip_phone:
        from ringproof._sip_phone import SipPhoneCallSource

        sources.insert(0, SipPhoneCallSource(options.sip_phone))
    run = client.begin(options.number, sources, codes, on_progress=terminal.show, channels=options.channel)
    terminal.attend(run)
    return run.result()
