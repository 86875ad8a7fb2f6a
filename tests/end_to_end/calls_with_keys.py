"""Calls that ask for keys, over whichever carrier: the same person, who answers and presses."""

from __future__ import annotations

import re
from typing import Any

from tests.support import leaks
from tests.support.api import code_heard
from tests.support.waiting import wait_until


class CallsThatAskForKeys:
    """Subclass it in a carrier's module, where `site` is a fixture, and say what its network does."""

    PREFIX: str
    """Of numbers that no other test of the module calls; two digits follow."""

    def answers(self, site: Any, number: str, keys: list[str]) -> None:
        """Whoever has this number will answer, and give these keys, one entry each time they are asked."""
        raise NotImplementedError

    def heard(self, site: Any, number: str) -> str:
        """All that was said to them, when the call is over."""
        raise NotImplementedError

    def test_a_code_is_heard_after_a_key_and_verifies(self, site: Any) -> None:
        """Pressed in the call, told to the address that the question named, and spoken twice."""
        number = f"{self.PREFIX}91"
        self.answers(site, number, ["1"])
        started = site.api.start(number, channels=["voice"])
        code = code_heard(self.heard(site, number))
        leaks.secret(code, "code")
        answer = site.api.confirm(started, {"channel": "voice", "code": code, "source": "manual"})
        assert answer.json()["status"] == "verified"
        log = site.server.log
        assert "/keys" in log
        assert not re.search(rf"(?<![\w.]){code}(?![\w.])", log)
        assert " ".join(code) not in log

    def test_whoever_presses_nothing_hears_no_code(self, site: Any) -> None:
        """Such as a machine that answers; nothing of the code is said, and the call ends by itself."""
        number = f"{self.PREFIX}92"
        self.answers(site, number, [])
        site.api.start(number, channels=["voice"])
        heard = self.heard(site, number)
        assert heard.endswith("Goodbye.")
        assert "your code is" not in heard.lower()

    def test_digits_typed_in_a_call_verify_who_shows_them(self, site: Any) -> None:
        """Wrong ones first: asked once more, and right then; the client polls and confirms."""
        number = f"{self.PREFIX}93"
        keys = ["000001"]
        self.answers(site, number, keys)
        started = site.api.start(number, channels=["keypad"])
        keys.append(started.view["keypad"]["digits"])
        wait_until(lambda: site.api.read(started).json()["keypad"]["typed"])
        answer = site.api.confirm(started, {"channel": "keypad"}).json()
        assert (answer["status"], bool(answer["token"])) == ("verified", True)
        assert answer["assurance_bits"] == 17.6
