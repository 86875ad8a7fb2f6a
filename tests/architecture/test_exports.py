"""The names that others may rely on. A change here is a change of what was promised."""

from __future__ import annotations

from importlib import import_module

import pytest

PUBLIC: dict[str, str] = {
    "ringproof": """
        Cancellation Confirmation EnrolledDevice ManualCallSource NotVerifiedError ProblemError Progress
        Retry Ringproof RingproofError ScriptedCallSource Session SimulatedCallSource SipPhoneCallSource
        TokenInvalidError TokenVerifier TypedCodes Verification Verified VerifiedPhone WebhookEvent
        WebhookInvalidError verify_token verify_webhook""",
    "ringproof.calls": """
        AskedCodes CallEvent CallSource Capabilities CodeRequest CodeSource Copy ExpectedCall ManualCallSource
        Ready RingTracker ScriptedCallSource SeenCall SimulatedCallSource SimulatedCodes Sink
        SipPhoneCallSource StateBroadcast TypedCode TypedCodes Way answered burst doubled is_withheld matches
        reordered ringing_once withheld without_number""",
    "ringproof.android": """
        AndroidCallSource AndroidCodes ScreeningFeed is_android sms_app_hash suggest_number""",
    "ringproof.testing": """
        FAULTS BurstContract CallSourceContract CopiesContract FakeClock FakeServer Fault ForeignCallContract
        LateCallContract LogContract RefusedContract SecondCallContract Seen VerificationContract
        WakingContract WithheldContract""",
    "ringproof_rcml": """
        NO_OVERRIDES AskedKeys Dialect Encoding Locale OverrideError Overrides Segments Transaction
        UnknownLocaleError Voice Words WordsError
        asked_keys confirmed confirming goodbye hang_up is_app_hash is_host keypad load_words locales
        negotiate parse_accept_language press_to_hear reject segments sms speech spoken_code spoken_text
        with_overrides worded""",
    "ringproof_server.carriers": """
        GROUP DocumentSource Attempt AttemptEvent Build CallbackRefused CallbackRequest Carrier
        CarrierCapabilities CarrierError CarrierEvent CarrierLookupError CarrierMisconfigured CarrierOptions
        CarrierSettingsError CarrierThrottled CarrierUnavailable Channel Dialect EventSink Found
        FraudSuspected Log NetworkStore
        NumberRefused NumberUnreachable OutcomeUnknown OutgoingCall OutgoingMessage OwnsNumbers
        PhoneNumber Placed Reason Seals Timeouts find_carriers known_carriers""",
}


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_are_these_and_no_others(module: str) -> None:
    assert sorted(import_module(module).__all__) == sorted(PUBLIC[module].split())


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_there(module: str) -> None:
    """Also those for a phone, on a machine that is none."""
    imported = import_module(module)
    assert not [name for name in imported.__all__ if getattr(imported, name, None) is None]
