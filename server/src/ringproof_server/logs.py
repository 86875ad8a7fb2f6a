"""Structured logs in which nothing secret can appear: constant messages, facts in fields, a last redaction.

Whoever logs is expected to leave numbers, codes and keys out. The redaction is the net below that: it masks
fields by their name and texts by their form, in our own lines and in those of every library.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final, TextIO

import msgspec
import structlog

MASK: Final = "••••"

SECRET_FIELDS: Final = frozenset(
    {
        "authorization",
        "body",
        "caller_id",
        "challenge",
        "code",
        "code_challenge",
        "code_verifier",
        "cookie",
        "digits",
        "evidence",
        "from",
        "key",
        "last_digits",
        "nonce",
        "number",
        "passcode",
        "password",
        "phone_number",
        "secret",
        "text",
        "to",
        "token",
    }
)
"""Fields whose value is masked whatever it looks like."""

REQUEST_ID: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""The request that is being worked on in this thread; it appears in every line that is written meanwhile."""

_DEEPEST: Final = 4
_SMALLEST_TELLING_INTEGER: Final = 10_000_000
_PLAIN: Final = re.compile(r"[A-Za-z_/<>: ]*|[a-z]{3}_[0-9a-v]{26}|[0-9a-f]{24}")
_CODE: Final = re.compile(r"[0-9]{4,10}")
_TELLING: Final = re.compile(
    r"rp_[sp]k_[\w-]+"
    r"|eyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?"
    r"|\+[0-9(][0-9 ().\-]{5,}[0-9]"
    r"|(?<![\w.:\-])[0-9]{7,15}(?![\w:\-])"
)

EventDict = MutableMapping[str, Any]


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The structlog processor that masks keys, JWTs, phone numbers and codes in every field."""
    for name, value in event.items():
        if value is None or name[0] == "_":
            continue
        if _is_secret_field(name):
            event[name] = MASK
        elif isinstance(value, str):
            # Most texts in our lines are words, templates of routes and ids: a quick look is enough for them.
            if _PLAIN.fullmatch(value) and "rp_" not in value:
                continue
            event[name] = MASK if _CODE.fullmatch(value) else redact_text(value)
        else:
            event[name] = _redacted(value, _DEEPEST)
    return event


@lru_cache(maxsize=1000)
def _is_secret_field(name: str) -> bool:
    return name.lower() in SECRET_FIELDS


def redact_text(text: str) -> str:
    """`text` with everything masked that looks like a key, a JWT or a phone number."""
    return _TELLING.sub(MASK, text)


def _redacted(value: object, deepest: int) -> object:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, int):
        return MASK if abs(value) >= _SMALLEST_TELLING_INTEGER else value
    if value is None or isinstance(value, float):
        return value
    return _redacted_inside(value, deepest) if deepest else MASK


def _redacted_inside(value: object, deepest: int) -> object:
    if isinstance(value, Mapping):
        return {
            str(key): MASK if _is_secret_field(str(key)) else _redacted(inner, deepest - 1)
            for key, inner in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_redacted(inner, deepest - 1) for inner in value]
    return redact_text(repr(value))


def configure_logs(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send our logs and those of the libraries to `stream` (standard error), one line per event.

    `level` is `debug`, `info`, `warning` or `error`; `form` is `json` or `console`. May be called again.
    """
    target = stream or sys.stderr
    threshold = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = _renderer(form, target)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries narrate at the info level; only someone who debugs wants that.
    root.setLevel(threshold if threshold == logging.DEBUG else max(threshold, logging.WARNING))
    logging.getLogger("ringproof_server").setLevel(threshold)


def _add_request_id(_logger: object, _method: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _logger_name(_logger: object, _method: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event["logger"] = record.name
    return event


def _renderer(form: str, target: TextIO) -> structlog.typing.Processor:
    if form == "json":
        return _json
    colours = target.isatty()
    return structlog.dev.ConsoleRenderer(
        colors=colours, exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )


_encoder: Final = msgspec.json.Encoder(enc_hook=repr)


def _json(_logger: object, _method: str, event: EventDict) -> str:
    return _encoder.encode(event).decode()
