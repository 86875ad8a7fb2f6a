"""What a storage promises about applications, keys, budgets and repeated requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ringproof_server.domain.application import KeyKind
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.domain.policy import Policy, RingTimeRule
from ringproof_server.domain.webhook import Hook, OnTimeout, SealedSecret, Webhook
from ringproof_server.ports import Remembered, Session, SigningKey, Storage
from ringproof_server.testing.storage_contract.samples import (
    NOW,
    NUMBER,
    OTHER_NUMBER,
    after,
    api_key,
    application,
    store,
)
from ringproof_server.testing.storage_contract.units import THREADS, at_once


class ApplicationsContract:
    """`ports.Applications`."""

    def test_an_application_is_found_by_identifier_and_by_name(self, storage: Storage) -> None:
        stored = application(
            name="Shop",
            brand="Bücher & mehr",
            policy=Policy(
                workflow=(Channel.FLASHCALL, Channel.VOICE),
                allowed_countries=("GB", "DE"),
                ring_time=RingTimeRule.REQUIRE,
                ring_seconds=(5.0, 6.5),
            ),
            allowed_origins=("https://shop.example", "https://www.shop.example"),
        )
        store(storage, stored)
        assert storage.read(lambda session: session.applications.get("app_1")) == stored
        assert storage.read(lambda session: session.applications.by_name("Shop")) == stored
        assert storage.read(lambda session: session.applications.get("app_2")) is None
        assert storage.read(lambda session: session.applications.by_name("shop")) is None

    def test_an_application_can_be_changed(self, storage: Storage) -> None:
        store(storage, application())
        new = application(
            name="New",
            brand="New brand",
            policy=Policy(ttl=60),
            allowed_origins=("https://n",),
            webhook=Webhook(
                url="https://n/events",
                secrets=(SealedSecret(sealed="b"), SealedSecret(sealed="a", retires_at=after(86_400))),
                disabled_at=after(5),
            ),
            hook=Hook(
                url="https://n/decide",
                secrets=(SealedSecret(sealed="c"),),
                timeout=0.5,
                on_timeout=OnTimeout.DENY,
            ),
            texts={"de": {"message.code": "{code} für {brand}"}},
        )
        storage.write(lambda session: session.applications.update(new))
        assert storage.read(lambda session: session.applications.get("app_1")) == new

    def test_of_changes_at_once_none_is_lost(self, storage: Storage) -> None:
        """Whoever reads an application to change it builds on what everybody before has made of it."""
        store(storage, application(allowed_origins=()))
        wanted = [f"https://{name}.example" for name in range(THREADS)]

        def bring(origin: str) -> Callable[[], bool]:
            def work(session: Session) -> bool:
                found = session.applications.get_to_change("app_1")
                assert found is not None
                changed = replace(found, allowed_origins=(*found.allowed_origins, origin))
                session.applications.update(changed)
                return session.applications.get("app_1") == changed

            return lambda: storage.write(work)

        assert at_once([bring(origin) for origin in wanted]) == [True] * THREADS
        stored = storage.read(lambda session: session.applications.get("app_1"))
        assert stored is not None
        assert sorted(stored.allowed_origins) == sorted(wanted)
        assert storage.write(lambda session: session.applications.get_to_change("app_2")) is None

    def test_who_only_looks_at_an_application_does_not_wait_for_its_change(self, storage: Storage) -> None:
        store(storage, application())

        def change(session: Session) -> bool:
            found = session.applications.get_to_change("app_1")
            assert found is not None
            session.applications.update(replace(found, allowed_origins=()))
            return storage.read(lambda other: other.applications.get("app_1")) == found

        assert storage.write(change)

    def test_a_name_belongs_to_one_application(self, storage: Storage) -> None:
        store(storage, application("app_1", name="Shop"))
        with pytest.raises(ServiceUnavailable):
            store(storage, application("app_2", name="Shop"))

    def test_applications_are_listed_in_the_order_of_their_making(self, storage: Storage) -> None:
        items = [application("app_z", created_at=after(1)), application("app_a", created_at=after(2))]
        store(storage, *reversed(items))
        assert storage.read(lambda session: session.applications.listing()) == items

    def test_a_key_is_found_by_its_digest_until_it_is_revoked(self, storage: Storage) -> None:
        app, key = application(), api_key(kind=KeyKind.PUBLISHABLE)
        store(storage, app, key)
        assert storage.read(lambda session: session.applications.key_by_digest(key.digest)) == (key, app)
        assert storage.read(lambda session: session.applications.key_by_digest(b"other")) is None
        assert storage.write(lambda session: session.applications.revoke_key(key.id, after(1)))
        assert storage.read(lambda session: session.applications.key_by_digest(key.digest)) is None
        kept = storage.read(lambda session: session.applications.keys("app_1"))
        assert kept == [replace(key, revoked_at=after(1))]

    def test_a_key_is_revoked_once(self, storage: Storage) -> None:
        """The time of the first revocation stays; an unknown key cannot be revoked."""
        store(storage, application(), api_key())
        revoked = [
            storage.write(lambda session: session.applications.revoke_key("key_1", after(1))),
            storage.write(lambda session: session.applications.revoke_key("key_1", after(2))),
            storage.write(lambda session: session.applications.revoke_key("key_2", after(1))),
        ]
        assert revoked == [True, False, False]
        [key] = storage.read(lambda session: session.applications.keys("app_1"))
        assert key.revoked_at == after(1)


class LedgerContract:
    """`ports.Ledger`."""

    def test_what_is_spent_is_the_sum_for_the_number_since_then(self, storage: Storage) -> None:
        def reserve(seconds: float, probability: float, number: str = NUMBER.e164) -> None:
            target = NUMBER if number == NUMBER.e164 else OTHER_NUMBER
            storage.write(
                lambda session: session.ledger.reserve(
                    target, f"vrf_{seconds}_{number}", probability, after(seconds)
                )
            )

        assert storage.read(lambda session: session.ledger.spent(NUMBER, NOW)) == 0
        reserve(-1, 0.5)
        reserve(0, 0.001)
        reserve(10, 0.002)
        reserve(10, 0.25, OTHER_NUMBER.e164)
        assert storage.read(lambda session: session.ledger.spent(NUMBER, NOW)) == pytest.approx(0.003)
        assert storage.read(lambda session: session.ledger.spent(OTHER_NUMBER, NOW)) == 0.25

    def test_settling_replaces_what_was_reserved(self, storage: Storage) -> None:
        storage.write(lambda session: session.ledger.reserve(NUMBER, "vrf_1", 0.001, NOW))
        storage.write(lambda session: session.ledger.settle("vrf_1", 0.0004))
        assert storage.read(lambda session: session.ledger.spent(NUMBER, NOW)) == 0.0004

    def test_failures_are_counted_until_they_are_cleared(self, storage: Storage) -> None:
        assert storage.read(lambda session: session.ledger.failures(NUMBER)) == 0
        counts = [storage.write(lambda session: session.ledger.add_failure(NUMBER)) for _ in range(3)]
        assert counts == [1, 2, 3]
        assert storage.read(lambda session: session.ledger.failures(NUMBER)) == 3
        assert storage.read(lambda session: session.ledger.failures(OTHER_NUMBER)) == 0
        storage.write(lambda session: session.ledger.clear_failures(NUMBER))
        assert storage.write(lambda session: session.ledger.add_failure(NUMBER)) == 1


class IdempotencyContract:
    """`ports.Idempotency`."""

    def test_a_key_stands_for_what_it_first_led_to(self, storage: Storage) -> None:
        outcome = Remembered(fingerprint=b"f" * 32, verification_id="vrf_1", result="mismatch")
        assert storage.read(lambda session: session.idempotency.recall("key_1", "k")) is None
        storage.write(lambda session: session.idempotency.remember("key_1", "k", outcome, NOW))
        assert storage.read(lambda session: session.idempotency.recall("key_1", "k")) == outcome
        assert storage.read(lambda session: session.idempotency.recall("key_2", "k")) is None

    def test_a_taken_key_cannot_be_taken_again(self, storage: Storage) -> None:
        first = Remembered(fingerprint=b"1", verification_id="vrf_1", result=None)
        second = Remembered(fingerprint=b"2", verification_id="vrf_2", result=None)
        storage.write(lambda session: session.idempotency.remember("key_1", "k", first, NOW))
        with pytest.raises(ServiceUnavailable):
            storage.write(lambda session: session.idempotency.remember("key_1", "k", second, NOW))
        assert storage.read(lambda session: session.idempotency.recall("key_1", "k")) == first


class SigningKeysContract:
    """`ports.SigningKeys`."""

    def test_signing_keys_are_listed_newest_first_until_removed(self, storage: Storage) -> None:
        old = SigningKey(kid="b", sealed=b"\x00sealed", public=b"p" * 32, created_at=NOW)
        new = SigningKey(kid="a", sealed=b"\xffsealed", public=b"q" * 32, created_at=after(1))
        store(storage, old, new)
        assert storage.read(lambda session: session.signing_keys.listing()) == [new, old]
        storage.write(lambda session: session.signing_keys.retire("b", after(2)))
        retired = replace(old, retired_at=after(2))
        assert storage.read(lambda session: session.signing_keys.listing()) == [new, retired]
        storage.write(lambda session: session.signing_keys.remove("b"))
        assert storage.read(lambda session: session.signing_keys.listing()) == [new]
