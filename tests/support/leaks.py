"""Nothing secret in what the suite wrote: who makes a secret registers it, who sees output hands it in.

Everything goes into one file of lines, which also forked processes append to. At the end of the session the
outputs are searched for the secrets. Keys, verifiers, phone numbers and caller IDs are searched everywhere;
a code of a few digits would be found by chance, so it is searched only in the outputs of its own test.

Only the standard library is needed, so that the SDK's tests run without the server.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import unquote

Kind = Literal["key", "number", "caller_id", "code", "verifier", "password"]

_DIALLED: Final = frozenset({"number", "caller_id"})
_SHORTEST_NUMBER: Final = 7
_NUMBER_TAIL: Final = 9
_SHORTEST_TEXT: Final = 16
_LONGEST_OUTPUT: Final = 4_000_000
_MOST_REMEMBERED: Final = 100_000

_JWT: Final = re.compile(r"eyJ[\w-]+\.([\w-]+)\.[\w-]*")
_DIGIT_RUN: Final = re.compile(r"(?<![A-Za-z0-9_])\+?[0-9(][0-9 ()./-]{5,}[0-9](?![A-Za-z0-9_])")
# Among thousands of measured seconds one ends in somebody's nine digits; nobody writes a number so.
_FRACTION: Final = re.compile(r"0\.[0-9]+|[0-9]{1,6}\.[0-9]{11,}")
_WORD: Final = re.compile(rf"[\w-]{{{_SHORTEST_TEXT},}}")
_CODE: Final = re.compile(r"(?<![\w.:-])[0-9]{4,10}(?![\w-])")
_TELLING: Final = re.compile(r"rp_[sp]k_[\w-]{16,}|eyJ[\w-]+\.[\w-]+\.[\w-]+|(?<!\w)\+[1-9][0-9]{6,14}(?!\w)")

_CONFIRM: Final = re.compile(r"/v1/verifications/[^/]+/confirm")
_ENROLMENT: Final = re.compile(r"/v1/verifications/[^/]+/devices")
_PRESSED: Final = re.compile(r"/rcml/[^/]+/keys")
_SPOKEN_CODE: Final = re.compile(r"(?<![0-9] )(?<![0-9])[0-9](?: [0-9]){3,9}(?! ?[0-9])")
_PHONE_ITSELF: Final = re.compile(r"/handset/[^/]+/events")
_DOCUMENTS: Final = re.compile(r"/(|docs|handset|openapi\.json|problems.*|assets/.*)")
_UNSCANNED_HEADERS: Final = frozenset({"x-request-id", "date", "content-length"})
"""The client's own, and two that differ from answer to answer."""
_PAGE_KEY: Final = re.compile(r'\bkey"?\s*[:=]\s*"rp_pk_[\w-]+"')
_FORMS: Final = re.compile(r"/verify(/.*)?")
_OWN_ENTRY: Final = re.compile(r'(<input id="number"[^>]*? value=")[^"]*')
_DEMO_PROOF: Final = re.compile(r'<details id="proof-token">.*?</details>', re.DOTALL)


@dataclass(frozen=True, order=True)
class Leak:
    """A secret of this `kind` in the output `where`; `shown` is masked but for its ends."""

    kind: str
    where: str
    shown: str

    def __str__(self) -> str:
        return f"{self.kind} {self.shown} in {self.where}"


@dataclass
class Collector:
    """One search: secrets and outputs go in, leaks come out."""

    file: Path
    scope: str = "session"
    _known: set[tuple[str, str, str]] = field(default_factory=set, repr=False)
    _seen: set[int] = field(default_factory=set, repr=False)

    def secret(self, value: str, kind: Kind) -> None:
        """Register a secret. Raises `ValueError` for one that is too short to be searched for."""
        if kind not in get_args(Kind):
            raise ValueError(f"a secret is one of {', '.join(get_args(Kind))}, not {kind}")
        needle = _needle(value, kind)
        scope = self.scope if kind == "code" else ""
        if (needle, kind, scope) not in self._known:
            self._known.add((needle, kind, scope))
            self._append({"secret": needle, "kind": kind, "scope": scope})

    def watch(self, text: str | bytes, where: str, *, document: bool = False, log: bool = False) -> None:
        """Hand in an output. A `document` shows examples to everybody: only keys are searched in it.

        In a `log` (or in metrics) also everything is a leak that merely looks like a key, a JWT or a number.
        """
        shown = text.decode(errors="replace") if isinstance(text, bytes) else text
        if shown and self._is_new(shown, where):
            output = {"text": shown[:_LONGEST_OUTPUT], "where": where, "scope": self.scope}
            self._append({**output, "document": document, "log": log})

    def _is_new(self, text: str, where: str) -> bool:
        """False for what was handed in before; clients that wait get the same answer very often."""
        if len(self._seen) > _MOST_REMEMBERED:
            self._seen.clear()
        before = len(self._seen)
        self._seen.add(hash((text, where, self.scope)))
        return len(self._seen) > before

    def leaks(self) -> list[Leak]:
        """Everything found so far, each kind and place once."""
        index = _Index()
        for line in self._lines():
            if "secret" in line:
                index.add(line["secret"], line["kind"], line["scope"])
        found: set[Leak] = set()
        for line in self._lines():
            if "text" in line:
                where = f"{line['where']}, written during {line['scope']}"
                for kind, value in index.search(line):
                    found.add(Leak(kind, where, _masked(value)))
        return sorted(found)

    def count(self, scope: str | None = None) -> tuple[int, int]:
        """How many secrets and how many outputs there are, all or those of one scope."""
        kinds = ["secret" in line for line in self._lines() if scope in {None, line["scope"]}]
        return sum(kinds), len(kinds) - sum(kinds)

    def _append(self, line: Mapping[str, Any]) -> None:
        # One write in append mode, so that threads and forked processes do not mix their lines.
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self.file.exists():
            with self.file.open(encoding="utf-8") as lines:
                yield from map(json.loads, lines)


class _Index:
    """The secrets, arranged so that one pass over a text finds all of them."""

    def __init__(self) -> None:
        self._texts: dict[str, dict[str, str]] = defaultdict(dict)
        self._numbers: dict[str, str] = {}
        self._codes: set[tuple[str, str]] = set()

    def add(self, needle: str, kind: str, scope: str) -> None:
        if kind == "code":
            self._codes.add((scope, needle))
        elif kind in _DIALLED:
            self._numbers[needle] = kind
        else:
            self._texts[needle[:_SHORTEST_TEXT]][needle] = kind

    def search(self, output: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The kind and the text of every secret in this output."""
        text: str = output["text"]
        if output["log"]:
            yield from (("something telling", found[0]) for found in _TELLING.finditer(text))
        plain = _plain(text)
        if output["document"]:
            yield from (found for found in self._search_texts(plain) if found[0] == "key")
            return
        yield from self._search_texts(plain)
        yield from self._search_numbers(plain)
        for found in _CODE.finditer(plain):
            if (output["scope"], found[0]) in self._codes:
                yield "code", found[0]

    def _search_texts(self, text: str) -> Iterator[tuple[str, str]]:
        for word in _WORD.findall(text):
            for start in range(len(word) - _SHORTEST_TEXT + 1):
                for needle, kind in self._texts.get(word[start : start + _SHORTEST_TEXT], {}).items():
                    if word.startswith(needle, start):
                        yield kind, needle

    def _search_numbers(self, text: str) -> Iterator[tuple[str, str]]:
        for run in _DIGIT_RUN.findall(text):
            if _FRACTION.fullmatch(run):
                continue
            digits = re.sub(r"[^0-9]", "", run)
            kind = self._numbers.get(digits) or self._numbers.get(digits[-_NUMBER_TAIL:])
            if kind is not None:
                yield kind, digits


def _needle(value: str, kind: Kind) -> str:
    """What is searched for: of a number its last nine digits, whatever stands before them."""
    if kind in _DIALLED:
        digits = re.sub(r"[^0-9]", "", value)
        if len(digits) < _SHORTEST_NUMBER:
            raise ValueError("a phone number has at least seven digits")
        return digits[-_NUMBER_TAIL:]
    if kind == "code":
        if not re.fullmatch(r"[0-9]{4,10}", value):
            raise ValueError("a code has four to ten digits")
        return value
    if len(value) < _SHORTEST_TEXT or not re.fullmatch(r"[\w-]+", value[:_SHORTEST_TEXT]):
        raise ValueError(f"a {kind} must begin with {_SHORTEST_TEXT} letters, digits, _ or -")
    whole = _WORD.match(value)
    assert whole is not None
    return whole[0]


def _plain(text: str) -> str:
    """The text with percent-encoding undone and with what its JWTs say in their place."""
    decoded = unquote(text) if "%" in text else text
    return _JWT.sub(lambda found: f" {_claims(found[1])} ", decoded)


def _claims(payload: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    except (binascii.Error, ValueError):
        return payload
    return raw.decode(errors="replace")


def _masked(value: str) -> str:
    return f"{value[:3]}…{value[-3:]}"


# --- the session's own search, which tests/conftest.py opens and ends ------------------------------------

_FILE: Final = "LEAKS_OF_THIS_TEST_SESSION"

# Processes that a test starts find the session's file in their environment; outside tests nothing is kept.
session: Final = Collector(Path(os.environ.get(_FILE, os.devnull)))


def open_session() -> None:
    """Begin a search of this session's own, for this process and all that it starts."""
    session.file = Path(tempfile.gettempdir()) / f"ringproof-leaks-{os.getpid()}.jsonl"
    session.file.unlink(missing_ok=True)
    os.environ[_FILE] = str(session.file)


def close_session() -> None:
    """Forget what was registered and handed in."""
    session.file.unlink(missing_ok=True)
    session.file = Path(os.devnull)


def secret(value: str, kind: Kind) -> None:
    """Register a secret of this session; see `Collector.secret`."""
    session.secret(value, kind)


def secrets(values: Iterable[str], kind: Kind) -> None:
    """Register many secrets, such as a whole pool."""
    for value in values:
        session.secret(value, kind)


@cache
def pool(numbers: str) -> None:
    """Register a pool's caller IDs: a number in E.164, or a range such as `+442079460000-+442079469999`."""
    first, _, last = numbers.partition("-")
    for number in range(int(first), int(last or first) + 1):
        session.secret(f"+{number}", "caller_id")


def watch(text: str | bytes, where: str) -> None:
    """Hand in any output: a webhook's body, what a command printed, the text of an exception."""
    session.watch(text, where)


def watch_log(text: str | bytes, where: str) -> None:
    """Hand in a log, in which nothing may even look like a secret."""
    session.watch(text, where, log=True)


def watch_file(path: Path, where: str) -> None:
    """Hand in the log of a server process, after the process has ended."""
    if path.exists():
        session.watch(path.read_bytes(), where, log=True)


def watch_answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
    """Hand in an HTTP answer of a server; `path` has no query. What may be told is left out by field."""
    route = unquote(path)
    where = f"the answer to {method} {_route(route)}"
    spoken = "\n".join(
        f"{name}: {value}" for name, value in headers.items() if name.lower() not in _UNSCANNED_HEADERS
    )
    session.watch(spoken, f"{where} (headers)")
    if _PHONE_ITSELF.fullmatch(route):
        _register_messages(body)
        return
    document = _DOCUMENTS.fullmatch(route) is not None
    text = body.decode(errors="replace")
    if _PRESSED.fullmatch(route):
        # What is spoken to whoever pressed a key is for them alone.
        _register_spoken(text)
        text = _SPOKEN_CODE.sub("", text)
    if document:
        # A page that verifies works with the publishable key of its own application.
        text = _PAGE_KEY.sub("", text)
    if _FORMS.fullmatch(route):
        # A person sees what they have typed themselves, and in the demo the token that they have got.
        text = _DEMO_PROOF.sub("", _OWN_ENTRY.sub(r"\1", text))
    session.watch(_without_rights(route, text), where, document=document, log=route == "/metrics")


def register_request(path: str, headers: Mapping[str, str], body: bytes) -> None:
    """Register what a request to a server says: its key, number, verifier and reported caller ID."""
    sent = {name.lower(): value for name, value in headers.items()}
    _try_secret(sent.get("authorization", "").removeprefix("Bearer "), "key")
    said = _object(body)
    if path.startswith("/otp"):
        _try_secret(said.get("phoneNumber") or said.get("number"), "number")
    if path.startswith("/v1/"):
        _try_secret(said.get("phone_number"), "number")
        _try_secret(said.get("code_verifier"), "verifier")
        evidence = said.get("evidence")
        if isinstance(evidence, dict):
            _try_secret(evidence.get("caller_id"), "caller_id")


def _register_messages(body: bytes) -> None:
    """The handset shows what only the phone may know: who called, and the codes in its messages."""
    events = _object(body).get("events")
    for event in events if isinstance(events, list) else []:
        if isinstance(event, dict):
            _try_secret(event.get("caller_id"), "caller_id")
            for code in _CODE.findall(str(event.get("text") or "")):
                session.secret(code, "code")
            _register_spoken(str(event.get("heard") or ""))


def _register_spoken(text: str) -> None:
    """Register codes that were spoken digit by digit."""
    for code in _SPOKEN_CODE.findall(text):
        session.secret(code.replace(" ", ""), "code")


def _without_rights(route: str, text: str) -> str:
    """The body without what it is there to tell: the token of a confirm, the client's own reference."""
    said = _object(text.encode())
    if not said:
        return text
    said.pop("reference", None)
    shown = said.pop("keypad", None)
    if isinstance(shown, dict):
        # Only the client that shows the digits may know them; nothing else may tell them.
        _try_secret(shown.get("digits"), "code")
    if _CONFIRM.fullmatch(route) and isinstance(said.get("token"), str):
        claims = _object(_claims(said.pop("token").partition(".")[2].partition(".")[0]).encode())
        for own in ("phone_number", "reference", "nonce", "transaction"):
            claims.pop(own, None)
        said["claims of the token"] = claims
    if route == "/otp":
        # The caller is trusted with the code; it must stand nowhere else.
        _try_secret(said.pop("passcode", None), "code")
    if _ENROLMENT.fullmatch(route):
        # Only the authenticator app is told its secret, in three forms, and this once.
        _try_secret(said.pop("secret", None), "key")
        for form in ("otpauth_uri", "qr_code"):
            said.pop(form, None)
    return json.dumps(said, ensure_ascii=False)


def _object(body: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError, RecursionError):
        said = json.loads(body)
        if isinstance(said, dict):
            return said
    return {}


def _try_secret(value: object, kind: Kind) -> None:
    """Register what can be a secret; a test also sends what cannot."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            session.secret(value, kind)


def _route(path: str) -> str:
    """The path without the parts that differ from one request to the next."""
    return re.sub(r"/(vrf_[\w-]+|\+?[0-9]{7,15})", "/…", path)
