"""The token signer's keys in rows; the private halves are sealed before they come here."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select

from ringproof_server.ports import SigningKey
from ringproof_server.storage.links import Link
from ringproof_server.storage.statements import Statement, insert
from ringproof_server.storage.tables import signing_keys
from ringproof_server.storage.values import maybe_micros, maybe_moment, micros, moment

_LISTING: Final = Statement(
    select(
        *(signing_keys.c[name] for name in ("kid", "sealed", "public", "created_at", "retired_at"))
    ).order_by(signing_keys.c.created_at.desc(), signing_keys.c.kid.desc())
)
_ADD: Final = insert(signing_keys)
_RETIRE: Final = Statement(
    signing_keys.update()
    .where(signing_keys.c.kid == bindparam("key"), signing_keys.c.retired_at.is_(None))
    .values(retired_at=bindparam("at"))
)
_REMOVE: Final = Statement(signing_keys.delete().where(signing_keys.c.kid == bindparam("key")))


class SqlSigningKeys:
    """`ports.SigningKeys` in SQL."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def listing(self) -> list[SigningKey]:
        return [
            SigningKey(
                kid=kid,
                sealed=sealed,
                public=public,
                created_at=moment(created_at),
                retired_at=maybe_moment(retired_at),
            )
            for kid, sealed, public, created_at, retired_at in self._link.all(_LISTING, {})
        ]

    def add(self, key: SigningKey) -> None:
        self._link.put(
            _ADD,
            {
                "kid": key.kid,
                "sealed": key.sealed,
                "public": key.public,
                "created_at": micros(key.created_at),
                "retired_at": maybe_micros(key.retired_at),
            },
        )

    def retire(self, kid: str, now: datetime) -> None:
        self._link.change(_RETIRE, {"key": kid, "at": micros(now)})

    def remove(self, kid: str) -> None:
        self._link.change(_REMOVE, {"key": kid})
