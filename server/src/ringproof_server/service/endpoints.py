"""Where the back end of each application listens, and the secrets that requests to it are signed with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from ringproof_server.domain.application import Application
from ringproof_server.domain.errors import InvalidRequest, NotFound
from ringproof_server.domain.webhook import Hook, OnTimeout, SealedSecret, Webhook, check_url
from ringproof_server.ports import OutboxItem, Session
from ringproof_server.service.parts import Parts
from ringproof_server.service.webhook_secrets import new_secret, rotated, sealed

T = TypeVar("T")

AT_A_TIME: Final = 500


class Endpoints:
    """What operators do about webhooks and hooks. Applications are named by their ids.

    Every method raises `InvalidRequest` or `NotFound` with one clear sentence. Processes that have just seen
    an application may believe what it was for a few seconds more.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def set_webhook(self, application_id: str, url: str) -> str | None:
        """Send events there from now on. The secret if it is a new one: it is shown this once.

        Another URL keeps the secrets; one that had said that it was gone is sent to again.
        """
        url = self._checked(url)
        secret = new_secret(self._parts.random)

        def change(application: Application) -> tuple[Application, str | None]:
            known = application.webhook
            secrets = (self._sealed(secret),) if known is None else known.secrets
            webhook = Webhook(url=url, secrets=secrets)
            return replace(application, webhook=webhook), secret if known is None else None

        return self._changed(application_id, change)

    def set_hook(
        self, application_id: str, url: str, *, timeout: float = 1.0, on_timeout: OnTimeout = OnTimeout.ALLOW
    ) -> str | None:
        """Ask there before each start from now on. The secret if it is a new one: it is shown this once.

        `timeout` is in seconds.
        """
        url = self._checked(url)
        secret = new_secret(self._parts.random)

        def change(application: Application) -> tuple[Application, str | None]:
            known = application.hook
            secrets = (self._sealed(secret),) if known is None else known.secrets
            try:
                hook = Hook(url=url, secrets=secrets, timeout=timeout, on_timeout=on_timeout)
            except ValueError as fault:
                raise InvalidRequest(str(fault)) from None
            return replace(application, hook=hook), secret if known is None else None

        return self._changed(application_id, change)

    def rotate_webhook(self, application_id: str) -> str:
        """A new secret, shown this once; the one before it goes on signing beside it for a day."""
        secret, now = new_secret(self._parts.random), self._parts.clock.now()

        def change(application: Application) -> tuple[Application, str]:
            if application.webhook is None:
                raise NotFound("the application has no webhook")
            secrets = rotated(application.webhook.secrets, self._sealed(secret), now)
            return replace(application, webhook=replace(application.webhook, secrets=secrets)), secret

        return self._changed(application_id, change)

    def rotate_hook(self, application_id: str) -> str:
        """Like `rotate_webhook`."""
        secret, now = new_secret(self._parts.random), self._parts.clock.now()

        def change(application: Application) -> tuple[Application, str]:
            if application.hook is None:
                raise NotFound("the application has no hook")
            secrets = rotated(application.hook.secrets, self._sealed(secret), now)
            return replace(application, hook=replace(application.hook, secrets=secrets)), secret

        return self._changed(application_id, change)

    def remove_webhook(self, application_id: str) -> None:
        """Send no events any more; those on their way are given up."""
        self._changed(application_id, lambda application: (replace(application, webhook=None), None))

    def remove_hook(self, application_id: str) -> None:
        """Ask nobody any more."""
        self._changed(application_id, lambda application: (replace(application, hook=None), None))

    def events(
        self, limit: int, *, application_id: str | None = None, failed: bool = False
    ) -> list[OutboxItem]:
        """The newest events first; with `failed` those that were given up only."""
        return self._parts.storage.read(
            lambda session: session.outbox.listing(limit, application_id=application_id, failed=failed)
        )

    def send_again(
        self,
        *,
        verification_id: str | None = None,
        application_id: str | None = None,
        since: datetime | None = None,
        failed: bool = False,
    ) -> int:
        """Send events once more that were delivered or given up, under the same names; how many.

        Of one verification, or of all; since a time, and with `failed` those that were given up only.
        """
        now, total = self._parts.clock.now(), 0

        def work(session: Session) -> int:
            return session.outbox.send_again(
                now,
                AT_A_TIME,
                verification_id=verification_id,
                application_id=application_id,
                since=since,
                failed=failed,
            )

        while True:
            count = self._parts.storage.write(work)
            total += count
            if count < AT_A_TIME:
                return total

    def _changed(self, application_id: str, change: Callable[[Application], tuple[Application, T]]) -> T:
        def work(session: Session) -> T:
            application = session.applications.get_to_change(application_id)
            if application is None:
                raise NotFound(f"there is no application {application_id!r}")
            changed, result = change(application)
            session.applications.update(changed)
            return result

        return self._parts.storage.write(work)

    def _checked(self, url: str) -> str:
        try:
            return check_url(url, private=self._parts.config.private_webhooks)
        except ValueError as fault:
            raise InvalidRequest(f"this URL {fault}") from None

    def _sealed(self, secret: str) -> SealedSecret:
        return sealed(self._parts.seals, secret)
