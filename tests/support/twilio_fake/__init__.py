"""Twilio's far side for tests: an account with numbers, calls and messages behind a real HTTP address."""

from tests.support.twilio_fake.account import Account, Callback, Phone
from tests.support.twilio_fake.edge import FakeTwilio
from tests.support.twilio_fake.network import Delivery, Network

__all__ = ["Account", "Callback", "Delivery", "FakeTwilio", "Network", "Phone"]
