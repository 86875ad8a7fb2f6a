"""A whole scene for the flow's tests: a fake clock, the stand-in server, a scripted phone, a typist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ringproof import Cancellation, Progress, Ringproof, ScriptedCallSource, Verified
from ringproof._calls import CallSource, CodeSink
from ringproof.calls import CodeRequest, Copy, TypedCode
from ringproof.testing import FakeClock, FakeServer

OWNER = "+447400123456"
CALLER = "+442079460018"


class CountingRandom:
    """Randomness that never repeats and that a test can foresee."""

    def __init__(self) -> None:
        self.count = 0

    def token(self, size: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(size, "big")

    def uniform(self) -> float:
        return 0.5


class Typist:
    """A person who types codes after a while; `answers` in their order."""

    def __init__(self, clock: FakeClock, answers: Sequence[str | None] = (), *, after: float = 5.0) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.after = after
        self.asked: list[CodeRequest] = []
        self.started_at: float | None = None
        self.stopped = False
        self.sink: CodeSink | None = None

    def start(self, sink: CodeSink) -> None:
        self.sink = sink
        self.started_at = self.clock.monotonic()

    def ask(self, request: CodeRequest) -> None:
        self.asked.append(request)
        if self.answers:
            answer = self.answers.pop(0)
            self.clock.later(self.after, lambda: self.type(answer))

    def type(self, code: str | None) -> None:
        if self.sink is not None:
            self.sink(TypedCode(code))

    def stop(self) -> None:
        self.stopped = True
        self.sink = None


@dataclass
class Scene:
    """Everything a verification needs, with nothing real in it."""

    clock: FakeClock = field(default_factory=FakeClock)
    progress: list[Progress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = FakeServer(self.clock)
        self.client = Ringproof(
            "https://verify.example",
            "rp_pk_test",
            transport=self.server,
            clock=self.clock,
            random=CountingRandom(),
        )

    def serve(self, server: FakeServer) -> FakeServer:
        self.server = server
        self.client = Ringproof(
            "https://verify.example",
            "rp_pk_test",
            transport=server,
            clock=self.clock,
            random=CountingRandom(),
        )
        return server

    def phone(self, script: Sequence[Copy] = (), *, granted: bool = True) -> ScriptedCallSource:
        """A phone that follows the script from the moment it listens."""
        return ScriptedCallSource(script, clock=self.clock, granted=granted)

    def typist(self, *answers: str | None, after: float = 5.0) -> Typist:
        return Typist(self.clock, answers, after=after)

    def verify(
        self,
        calls: CallSource | Sequence[CallSource] | None = None,
        codes: Typist | Callable[[CodeRequest], str | None] | None = None,
        *,
        cancellation: Cancellation | None = None,
        channels: Sequence[str] | None = None,
    ) -> Verified:
        return self.client.verify(
            OWNER,
            calls,
            codes,
            on_progress=self.progress.append,
            cancellation=cancellation,
            channels=channels,
        )

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.progress]

    def confirms(self) -> list[dict[str, object]]:
        """The evidence that was sent, in order."""
        return [dict(seen.body["evidence"]) for seen in self.server.calls_to("POST", "/confirm")]
