"""What an application may tune, with the defaults of the project and the bounds nobody may leave."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.stage import Workflow, channels_of


class RingTimeRule(StrEnum):
    """How much the reported ring time counts: compared when given, demanded, or not looked at."""

    CHECK = "check"
    REQUIRE = "require"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One application's rules. Times in seconds unless the name says otherwise; probabilities in 0..1.

    Raises `ValueError` naming the field when a value leaves its bounds.
    """

    workflow: Workflow = (Channel.FLASHCALL, Channel.SMS)
    allowed_countries: tuple[str, ...] = ("*",)
    ttl: int = 300
    max_guess_probability: float = 1e-3
    number_guess_budget: float = 5e-3
    guess_window: int = 86_400
    max_failures_in_a_row: int = 100
    """NIST SP 800-63B section 5.2.2: no more than 100 consecutive failed attempts on one account."""
    code_digits: int = 6
    code_checks: int = 5
    code_ttl: int = 300
    """Never over 600: NIST SP 800-63B section 5.1.3.2 voids an out-of-band secret after ten minutes."""
    check_delays: tuple[int, ...] = (0, 0, 60, 120)
    send_spacing: tuple[int, ...] = (60, 120, 300, 600)
    sends_per_day: int = 10
    flash_starts: int = 3
    flash_window: int = 600
    pending_per_number: int = 3
    starts_per_ip_hour: int = 10
    countries_per_ip_day: int = 3
    ring_time: RingTimeRule = RingTimeRule.CHECK
    ring_seconds: tuple[float, float] = (4.0, 8.0)
    dial_timeout: int = 20
    interception_timeout: int = 45
    report_timeout: int = 75
    message_timeout: int = 120
    voice_after: int = 60
    max_calls: int = 3
    reuse_after: int = 86_400
    """How long a caller ID is not used again for the same destination."""
    digits_to_type: tuple[int, int] = (4, 8)
    shows_transaction: bool = False
    """Whether the app itself shows amount and payee, so that a channel without text may prove a payment."""
    transactions_from_apps: bool = False
    """Whether a publishable key may name a payment, whose payee stands in our text to whatever number."""

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must be between {low} and {high}, not {value!r}")
        named = channels_of(self.workflow)
        if not named or len(set(named)) != len(named):
            raise ValueError("workflow must name at least one channel, each once")
        low_ring, high_ring = self.ring_seconds
        if not 1.0 <= low_ring <= high_ring <= 20.0:
            raise ValueError("ring_seconds must be two times between 1.0 and 20.0, the shorter one first")
        fewest, most = self.digits_to_type
        if not 4 <= fewest <= most <= 10:
            raise ValueError("digits_to_type must be two counts between 4 and 10, the smaller one first")
        if any(delay < 0 for delay in (*self.check_delays, *self.send_spacing)):
            raise ValueError("check_delays and send_spacing must not be negative")

    def allows_country(self, region: str | None) -> bool:
        """Whether numbers of this ISO 3166 region are served; `*` serves every region."""
        return "*" in self.allowed_countries or region in self.allowed_countries


_BOUNDS: dict[str, tuple[float, float]] = {
    "ttl": (10, 3600),
    "max_guess_probability": (1e-9, 0.5),
    "number_guess_budget": (1e-9, 1.0),
    "guess_window": (3600, 30 * 86_400),
    "max_failures_in_a_row": (1, 100),
    "code_digits": (4, 10),
    "code_checks": (1, 10),
    "code_ttl": (30, 600),
    "sends_per_day": (1, 1000),
    "flash_starts": (1, 1000),
    "flash_window": (1, 86_400),
    "pending_per_number": (1, 100),
    "starts_per_ip_hour": (1, 1_000_000),
    "countries_per_ip_day": (1, 300),
    "dial_timeout": (3, 60),
    "interception_timeout": (2, 300),
    "report_timeout": (2, 600),
    "message_timeout": (2, 3600),
    "voice_after": (0, 3600),
    "max_calls": (1, 3),
    "reuse_after": (0, 30 * 86_400),
}

POLICY_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Policy))
"""The names an operator may set for all applications, each as a variable of the environment."""
