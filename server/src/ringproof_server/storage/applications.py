"""Applications and their keys in rows."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import bindparam, select

from ringproof_server.domain.application import ApiKey, Application, KeyKind
from ringproof_server.domain.policy import Policy
from ringproof_server.storage.links import Link
from ringproof_server.storage.statements import Parameter, Row, Statement, insert
from ringproof_server.storage.tables import api_keys, applications
from ringproof_server.storage.values import (
    as_json,
    differences,
    maybe_hook,
    maybe_json,
    maybe_micros,
    maybe_moment,
    maybe_texts,
    maybe_webhook,
    micros,
    moment,
    origins_of,
    policy_of,
    texts_of,
)

_APPLICATION: Final = [
    applications.c[name]
    for name in ("id", "name", "brand", "policy", "allowed_origins", "created_at", "webhook", "hook", "texts")
]
_KEY: Final = [
    api_keys.c[name]
    for name in ("id", "application_id", "kind", "digest", "hint", "created_at", "revoked_at")
]
_KINDS: Final = {kind.value: kind for kind in KeyKind}

_ADD = insert(applications)
_by_id = select(*_APPLICATION).where(applications.c.id == bindparam("key"))
_BY_ID = Statement(_by_id)
# The weaker of the two row locks: it excludes other changes of the row, but not the foreign-key checks of
# verifications that begin meanwhile.
_BY_ID_LOCKED = Statement(_by_id.with_for_update(key_share=True))
_BY_NAME = Statement(select(*_APPLICATION).where(applications.c.name == bindparam("key")))
_UPDATE = Statement(
    applications.update()
    .where(applications.c.id == bindparam("key"))
    .values(
        {
            name: bindparam(name)
            for name in ("name", "brand", "policy", "allowed_origins", "webhook", "hook", "texts")
        }
    )
)
_LISTING = Statement(select(*_APPLICATION).order_by(applications.c.created_at, applications.c.id))
_ADD_KEY = insert(api_keys)
_KEY_BY_DIGEST = Statement(
    select(*_KEY, *_APPLICATION)
    .join_from(api_keys, applications, applications.c.id == api_keys.c.application_id)
    .where(api_keys.c.digest == bindparam("digest"), api_keys.c.revoked_at.is_(None))
)
_KEYS = Statement(
    select(*_KEY)
    .where(api_keys.c.application_id == bindparam("key"))
    .order_by(api_keys.c.created_at, api_keys.c.id)
)
_REVOKE = Statement(
    api_keys.update()
    .where(api_keys.c.id == bindparam("key"), api_keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


class KnownApplications:
    """Makes applications of rows. The same row gives the same application, which is quicker than a new one.

    `defaults` is the policy of the whole server; an application keeps only what it sets otherwise.
    """

    def __init__(self, defaults: Policy) -> None:
        self.defaults: Final = defaults
        self.of: Final = lru_cache(maxsize=512)(self._made)

    def _made(self, row: Row) -> Application:
        id_, name, brand, policy, allowed_origins, created_at, webhook, hook, texts = row
        return Application(
            id=id_,
            name=name,
            brand=brand,
            policy=policy_of(policy, self.defaults),
            allowed_origins=origins_of(allowed_origins),
            created_at=moment(created_at),
            webhook=maybe_webhook(webhook),
            hook=maybe_hook(hook),
            texts=texts_of(texts),
        )


class SqlApplications:
    """`ports.Applications` in SQL."""

    def __init__(self, link: Link, known: KnownApplications) -> None:
        self._link = link
        self._known = known

    def add(self, application: Application) -> None:
        self._link.put(
            _ADD,
            {
                **self._changing(application),
                "id": application.id,
                "created_at": micros(application.created_at),
            },
        )

    def get(self, application_id: str) -> Application | None:
        row = self._link.one(_BY_ID, {"key": application_id})
        return None if row is None else self._known.of(row)

    def get_to_change(self, application_id: str) -> Application | None:
        row = self._link.one(_BY_ID_LOCKED, {"key": application_id})
        return None if row is None else self._known.of(row)

    def by_name(self, name: str) -> Application | None:
        row = self._link.one(_BY_NAME, {"key": name})
        return None if row is None else self._known.of(row)

    def update(self, application: Application) -> None:
        self._link.change(_UPDATE, {**self._changing(application), "key": application.id})

    def listing(self) -> list[Application]:
        return [self._known.of(row) for row in self._link.all(_LISTING, {})]

    def add_key(self, key: ApiKey) -> None:
        self._link.change(
            _ADD_KEY,
            {
                "id": key.id,
                "application_id": key.application_id,
                "kind": key.kind.value,
                "digest": key.digest,
                "hint": key.hint,
                "created_at": micros(key.created_at),
                "revoked_at": maybe_micros(key.revoked_at),
            },
        )

    def key_by_digest(self, digest: bytes) -> tuple[ApiKey, Application] | None:
        row = self._link.one(_KEY_BY_DIGEST, {"digest": digest})
        if row is None:
            return None
        return _key_of(row[: len(_KEY)]), self._known.of(row[len(_KEY) :])

    def keys(self, application_id: str) -> list[ApiKey]:
        return [_key_of(row) for row in self._link.all(_KEYS, {"key": application_id})]

    def revoke_key(self, key_id: str, now: datetime) -> bool:
        """False when there is no such key or it was revoked before."""
        return self._link.change(_REVOKE, {"key": key_id, "at": micros(now)}) == 1

    def _changing(self, application: Application) -> dict[str, Parameter]:
        return {
            "name": application.name,
            "brand": application.brand,
            "policy": differences(application.policy, self._known.defaults),
            "allowed_origins": as_json(application.allowed_origins),
            "webhook": maybe_json(application.webhook),
            "hook": maybe_json(application.hook),
            "texts": maybe_texts(application.texts),
        }


def _key_of(row: Row) -> ApiKey:
    id_, application_id, kind, digest, hint, created_at, revoked_at = row
    return ApiKey(
        id=id_,
        application_id=application_id,
        kind=_KINDS[kind],
        digest=digest,
        hint=hint,
        created_at=moment(created_at),
        revoked_at=maybe_moment(revoked_at),
    )
