"""The text message that carries a code: one text for a person, for an Android app and for a web page.

    123456 is your Example code. Never share it.

    FA+9qCX9VSu
    @example.com #123456

The person reads the first line. Android's SMS Retriever hands the message to the app whose 11-character
hash it contains, if it is no longer than 140 bytes (developers.google.com/identity/sms-retriever/verify;
the marker `<#>` that early versions wanted at the start is no longer asked for). Browsers offer the code to
the page of the host in the last line, which must be exactly `@host #code` (WICG, "Origin-bound one-time
codes delivered via SMS").

**140 bytes of what?** The figure is that of one message on the air. The limit itself, though, is checked on
the phone, against the text, after the radio's encoding is gone. So there are two counts, and the text is to
keep both: its UTF-8 bytes never exceed 140, in no language and under no circumstances, and it is one
segment wherever that is possible. In GSM-7 the first all but implies the second. In UCS-2 every character,
also of an ASCII brand, takes 2 octets, and one segment ends at 70 units; there a long host may cost a
second segment, which costs money and breaks nothing.

**What gives way**, in this order, when a text is too long: the brand is shortened to 12 characters, the
payee to 16 (marked by ".."); a second segment is used; the host line is left out, which leaves the page
without the automatic offer; brand and payee are shortened further. The code, the warning never to share it,
the amount and the app hash are never left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ringproof_rcml._plain import one_line
from ringproof_rcml.segmentation import segments
from ringproof_rcml.words import Words

MAX_BYTES = 140

_CODE = re.compile(r"[0-9]{4,10}")
_APP_HASH = re.compile(r"[A-Za-z0-9+/]{11}")
_HOST = re.compile(
    r"(?!.{254})[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_AMOUNT = re.compile(r"[0-9][0-9.,]{0,19}")
_CURRENCY = re.compile(r"[A-Z]{3}")

# A name longer than the whole message need not be tried letter by letter.
_LONGEST_NAME = MAX_BYTES

# Typesetters' punctuation in a brand would turn the whole message into UCS-2 and halve the room in it.
_PLAIN_PUNCTUATION = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a code approves: an amount ("12.30"), an ISO 4217 currency ("EUR") and a payee.

    Payment law wants the payer to see amount and payee with the code (Delegated Regulation (EU) 2018/389,
    article 5).
    """

    amount: str
    currency: str
    payee: str


def is_app_hash(text: str) -> bool:
    """Whether `text` can be the hash of an Android app: the first 11 characters of a base64 text."""
    return _APP_HASH.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether `text` is a bare host name: ASCII (punycode), without scheme, port or final dot."""
    return _HOST.fullmatch(text) is not None


def sms(
    words: Words,
    brand: str,
    code: str,
    *,
    app_hash: str | None = None,
    origin_host: str | None = None,
    transaction: Transaction | None = None,
) -> str:
    """The text message with a code, at most 140 bytes in UTF-8; lines end in LF, the last one in nothing.

    Raises ValueError, without repeating any of them, for a code that is not 4 to 10 digits, a brand or
    payee without a visible character, an app hash, host, amount or currency of the wrong form.
    """
    _check(code, app_hash, origin_host, transaction)
    draft = _Draft(words, code, app_hash, origin_host, transaction)
    brand = _name(brand, "brand")
    payee = _name(transaction.payee, "payee") if transaction else ""
    shortened = list(_shortened(brand, payee, shortest_brand=12, shortest_payee=16))
    for with_host in (True, False) if origin_host else (False,):
        for max_segments in (1, 2):
            for names in shortened:
                text = draft.text(*names, with_host=with_host)
                if _fits(text, max_segments):
                    return text
    return next(
        text
        for names in _shortened(brand, payee, shortest_brand=1, shortest_payee=1)
        if _fits(text := draft.text(*names, with_host=False), max_segments=2)
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    words: Words
    code: str
    app_hash: str | None
    origin_host: str | None
    transaction: Transaction | None

    def text(self, brand: str, payee: str, *, with_host: bool) -> str:
        lines = [f"{self._sentence(brand, payee)} {self.words.text('message', 'never_share')}"]
        if self.app_hash or with_host:
            lines.append("")
        if self.app_hash:
            lines.append(self.app_hash)
        if with_host:
            lines.append(f"@{self.origin_host} #{self.code}")
        return "\n".join(lines)

    def _sentence(self, brand: str, payee: str) -> str:
        if self.transaction is None:
            return self.words.text("message", "code", code=self.code, brand=brand)
        return self.words.text(
            "message",
            "transaction",
            code=self.code,
            brand=brand,
            amount=self.transaction.amount,
            currency=self.transaction.currency,
            payee=payee,
        )


def _check(code: str, app_hash: str | None, origin_host: str | None, transaction: Transaction | None) -> None:
    if not _CODE.fullmatch(code):
        raise ValueError("a code has 4 to 10 digits")
    if app_hash is not None and not is_app_hash(app_hash):
        raise ValueError("an app hash has 11 characters of the base64 alphabet")
    if origin_host is not None and not is_host(origin_host):
        raise ValueError("the origin is not a plain host name")
    if transaction is not None and not _AMOUNT.fullmatch(transaction.amount):
        raise ValueError("an amount has digits, points and commas, at most 20 of them")
    if transaction is not None and not _CURRENCY.fullmatch(transaction.currency):
        raise ValueError("a currency is three capital letters")


def _name(text: str, what: str) -> str:
    name = one_line(text).translate(_PLAIN_PUNCTUATION)[:_LONGEST_NAME]
    if not name:
        raise ValueError(f"the {what} is empty")
    return name


def _shortened(
    brand: str, payee: str, *, shortest_brand: int, shortest_payee: int
) -> Iterator[tuple[str, str]]:
    """Both names in full, then the brand ever shorter; then, with the shortest brand, the payee too."""
    for length in range(len(brand), min(len(brand), shortest_brand) - 1, -1):
        yield _cut(brand, length), payee
    for length in range(len(payee) - 1, min(len(payee), shortest_payee) - 1, -1):
        yield _cut(brand, shortest_brand), _cut(payee, length)


def _cut(name: str, length: int) -> str:
    if len(name) <= length:
        return name
    # Two full stops, because the ellipsis is not in the GSM alphabet and would halve the room for everything.
    return name[: length - 2].rstrip() + ".." if length > 4 else name[:length].rstrip()


def _fits(text: str, max_segments: int) -> bool:
    return len(text.encode()) <= MAX_BYTES and segments(text).segments <= max_segments
