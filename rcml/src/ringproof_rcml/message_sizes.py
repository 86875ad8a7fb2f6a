"""What the text messages of every locale cost on the air, as a table."""

from collections.abc import Iterator
from typing import Final

from ringproof_rcml.message import Transaction, sms
from ringproof_rcml.segmentation import segments
from ringproof_rcml.words import load_words, locales

# As many digits as an ordinary code has, and a hash of the right form: only their lengths matter here.
_CODE: Final = "123456"
_APP_HASH: Final = "FA+9qCX9VSu"
_PAYMENT: Final = Transaction("1234.56", "EUR", "Example Payee")


def message_sizes(brand: str, host: str) -> list[list[str]]:
    """A head row, then a row for each locale and kind of message.

    Columns: locale, kind (`code` or `payment`), encoding, bytes in UTF-8, units on the air, segments paid,
    and `yes` or `no` for whether brand and host line stand in it whole. Raises ValueError for a brand or
    host of which no message can be made.
    """
    head = ["locale", "message", "encoding", "bytes", "units", "segments", "whole"]
    return [head, *(_row(tag, kind, brand, host) for tag, kind in _kinds())]


def _kinds() -> Iterator[tuple[str, str]]:
    for tag in locales():
        yield tag, "code"
        yield tag, "payment"


def _row(tag: str, kind: str, brand: str, host: str) -> list[str]:
    payment = _PAYMENT if kind == "payment" else None
    text = sms(load_words(tag), brand, _CODE, app_hash=_APP_HASH, origin_host=host, transaction=payment)
    size = segments(text)
    whole = brand in text and text.endswith(f"\n@{host} #{_CODE}")
    counts = (len(text.encode()), size.units, size.segments)
    return [tag, kind, size.encoding.value, *map(str, counts), "yes" if whole else "no"]
