"""What operators do: applications, keys, caller-ID pools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ringproof_server.domain.application import ApiKey, Application, KeyKind, is_origin
from ringproof_server.domain.errors import InvalidPhoneNumber, InvalidRequest, NotFound
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.domain.policy import Policy
from ringproof_server.ports import Clock, PoolNumber, Random, Seals, Session, Storage

RANGE_AT_MOST = 1_000_000
AT_A_TIME = 5_000
ORIGINS_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class NewApplication:
    """A new application with its two first keys; they are shown this once."""

    application: Application
    publishable_key: str = field(repr=False)
    secret_key: str = field(repr=False)


class Administration:
    """Every method raises `InvalidRequest` or `NotFound` with one clear sentence.

    `policy` is the server's own, which applications have that are created without one.
    """

    def __init__(
        self, storage: Storage, clock: Clock, random: Random, seals: Seals, policy: Policy | None = None
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._random = random
        self._seals = seals
        self._policy = policy or Policy()

    def create_application(
        self,
        name: str,
        *,
        brand: str | None = None,
        policy: Policy | None = None,
        allowed_origins: Sequence[str] = (),
    ) -> NewApplication:
        """Create an application and its first publishable and secret key."""
        if not 1 <= len(name) <= 64 or not name.isprintable() or not name.strip():
            raise InvalidRequest("an application's name has 1 to 64 printable characters")
        shown = brand if brand is not None else name[:24]
        if not 1 <= len(shown) <= 24 or not shown.isprintable() or not shown.strip():
            raise InvalidRequest(
                "a brand has 1 to 24 printable characters, so that it fits into a text message"
            )
        origins = _with_origins((), allowed_origins)
        now = self._clock.now()
        application = Application(
            id=self._random.identifier("app_"),
            name=name,
            brand=shown,
            policy=policy or self._policy,
            allowed_origins=origins,
            created_at=now,
        )
        publishable, publishable_key = self._make_key(application.id, KeyKind.PUBLISHABLE)
        secret, secret_key = self._make_key(application.id, KeyKind.SECRET)

        def work(session: Session) -> None:
            if session.applications.by_name(name) is not None:
                raise InvalidRequest(f"there is an application named {name!r} already")
            session.applications.add(application)
            session.applications.add_key(publishable_key)
            session.applications.add_key(secret_key)

        self._storage.write(work)
        return NewApplication(application, publishable, secret)

    def applications(self) -> list[Application]:
        return self._storage.read(lambda session: session.applications.listing())

    def application(self, name_or_id: str) -> Application:
        """The application with this name or id."""

        def work(session: Session) -> Application | None:
            return session.applications.get(name_or_id) or session.applications.by_name(name_or_id)

        found = self._storage.read(work)
        if found is None:
            raise NotFound(f"there is no application {name_or_id!r}")
        return found

    def set_policy(self, application_id: str, name: str, value: object) -> None:
        """Give an application a rule of its own, or the server's again where both are the same.

        Raises `InvalidRequest` when the rules do not fit together.
        """

        def change(application: Application) -> Application:
            try:
                policy = replace(application.policy, **{name: value})  # type: ignore[arg-type]
            except ValueError as fault:
                raise InvalidRequest(str(fault)) from None
            return replace(application, policy=policy)

        self._change(application_id, change)

    def add_origins(self, application_id: str, origins: Sequence[str]) -> Application:
        """Let pages of these web origins call the API too; all of them or none. The application as it is now.

        What it has already stays as it is. Processes that have just seen the application may believe what it
        was for a few seconds more.
        """

        def change(application: Application) -> Application:
            return replace(application, allowed_origins=_with_origins(application.allowed_origins, origins))

        return self._change(application_id, change)

    def remove_origins(self, application_id: str, origins: Sequence[str]) -> Application:
        """Let pages of these web origins call no more; all of them or none. The application as it is now.

        Raises `NotFound` for an origin that the application does not have. Seen as late as what is added.
        """

        def change(application: Application) -> Application:
            known = application.allowed_origins
            for origin in origins:
                if origin not in known:
                    raise NotFound(f"the application has no origin {origin[:80]!r}")
            return replace(application, allowed_origins=tuple(kept for kept in known if kept not in origins))

        return self._change(application_id, change)

    def new_key(self, application_id: str, kind: KeyKind) -> str:
        """Make one more key; the text is shown this once."""
        text, key = self._make_key(application_id, kind)
        self._storage.write(lambda session: session.applications.add_key(key))
        return text

    def keys(self, application_id: str) -> list[ApiKey]:
        return self._storage.read(lambda session: session.applications.keys(application_id))

    def revoke_key(self, key_id: str) -> None:
        """Take a key out of use; processes that have just seen it may believe it for a few seconds more."""
        now = self._clock.now()
        if not self._storage.write(lambda session: session.applications.revoke_key(key_id, now)):
            raise NotFound(f"there is no key {key_id!r} in use")

    def add_numbers(self, application_id: str, texts: Sequence[str]) -> Iterator[int]:
        """Add numbers and ranges (`+442079460000-+442079469999`) to a pool.

        Everything is checked before anything is stored. The iterator stores portion by portion and says
        how many numbers were new.
        """
        numbers = [number for text in texts for number in _expand(text)]
        portions = (numbers[start : start + AT_A_TIME] for start in range(0, len(numbers), AT_A_TIME))
        return (self._add_portion(application_id, portion) for portion in portions)

    def remove_numbers(self, application_id: str, texts: Sequence[str]) -> int:
        numbers = [number for text in texts for number in _expand(text)]
        return self._storage.write(lambda session: session.caller_ids.remove(application_id, numbers))

    def set_health(self, application_id: str, number: str, *, healthy: bool) -> None:
        """Take a number out of the draw, or back in."""
        e164 = PhoneNumber.parse(number).e164
        if not self._storage.write(
            lambda session: session.caller_ids.set_healthy(application_id, e164, healthy)
        ):
            raise NotFound("the pool has no such number")

    def pool_listing(self, application_id: str, limit: int, after: str = "") -> list[PoolNumber]:
        return self._storage.read(lambda session: session.caller_ids.listing(application_id, limit, after))

    def pool_size(self, application_id: str) -> int:
        return self._storage.read(lambda session: session.caller_ids.size(application_id))

    def _change(self, application_id: str, change: Callable[[Application], Application]) -> Application:
        """Raises `NotFound` when there is no such application, and what `change` raises."""

        def work(session: Session) -> Application:
            application = session.applications.get_to_change(application_id)
            if application is None:
                raise NotFound("there is no such application")
            changed = change(application)
            session.applications.update(changed)
            return changed

        return self._storage.write(work)

    def _add_portion(self, application_id: str, numbers: Sequence[str]) -> int:
        now = self._clock.now()
        return self._storage.write(lambda session: session.caller_ids.add(application_id, numbers, now))

    def _make_key(self, application_id: str, kind: KeyKind) -> tuple[str, ApiKey]:
        text = self._random.secret(kind.prefix)
        key = ApiKey(
            id=self._random.identifier("key_"),
            application_id=application_id,
            kind=kind,
            digest=self._seals.digest("api-key", text),
            hint=text[:10],
            created_at=self._clock.now(),
        )
        return text, key


def _with_origins(known: Sequence[str], added: Sequence[str]) -> tuple[str, ...]:
    """Each origin once, those first that are known."""
    for text in added:
        if not is_origin(text):
            raise InvalidRequest(
                f"{text[:80]!r} is not an origin as browsers send it, such as https://shop.example"
            )
    origins = tuple(dict.fromkeys((*known, *added)))
    if len(origins) > ORIGINS_AT_MOST:
        raise InvalidRequest(
            f"an application has at most {ORIGINS_AT_MOST} origins, these would be {len(origins)}"
        )
    return origins


def _expand(text: str) -> list[str]:
    """The numbers that a number or a range of numbers stands for, as E.164."""
    first_text, dash, last_text = text.partition("-")
    try:
        first = PhoneNumber.parse(first_text.strip()).e164
        last = PhoneNumber.parse(last_text.strip()).e164 if dash else first
    except InvalidPhoneNumber as fault:
        raise InvalidRequest(f"{text.strip()[:40]!r} is not a number or a range: {fault}") from None
    if len(first) != len(last) or int(last) < int(first):
        raise InvalidRequest(
            f"{text.strip()[:40]!r} is not a range: both ends need the same length, in order"
        )
    count = int(last) - int(first) + 1
    if count > RANGE_AT_MOST:
        raise InvalidRequest(f"a range has at most {RANGE_AT_MOST} numbers, this one has {count}")
    return [f"+{value}" for value in range(int(first), int(last) + 1)]
