"""Sources as the app gives them to the SDK: the device's own, watched, together with what people type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ringproof import TypedCodes
from ringproof.calls import (
    CallEvent,
    CallSource,
    Capabilities,
    CodeRequest,
    CodeSource,
    Ready,
    SeenCall,
    TypedCode,
)


class WatchedCalls:
    """A source of calls that also tells the screen whether it may listen, and when it first rang."""

    def __init__(
        self, source: CallSource, *, ready: Callable[[Ready], None], rang: Callable[[], None]
    ) -> None:
        self._source = source
        self._ready = ready
        self._rang = rang
        self.name = source.name

    def __getattr__(self, name: str) -> Any:
        """What a source may have besides, such as `when_awake`, is the source's own."""
        return getattr(self._source, name)

    def capabilities(self) -> Capabilities:
        return self._source.capabilities()

    def prepare(self, done: Callable[[Ready], None]) -> None:
        def over(ready: Ready) -> None:
            self._ready(ready)
            done(ready)

        self._source.prepare(over)

    def start(self, sink: Callable[[CallEvent], None]) -> None:
        def hear(event: CallEvent) -> None:
            if event.kind == "ringing":
                self._rang()
            sink(event)

        self._source.start(hear)

    def history(self, since_wall_ms: int) -> Sequence[SeenCall]:
        return self._source.history(since_wall_ms)

    def stop(self) -> None:
        self._source.stop()


class FilledCodes:
    """A field for codes that the device may fill by itself. `filled` is told what came, to show it."""

    def __init__(
        self, typed: TypedCodes, automatic: CodeSource | None, filled: Callable[[str], None]
    ) -> None:
        self._typed = typed
        self._automatic = automatic
        self._filled = filled

    def start(self, sink: Callable[[TypedCode], None]) -> None:
        self._typed.start(sink)
        if self._automatic is None:
            return

        def found(code: TypedCode) -> None:
            # A device that gives up reading must not end the verification: there is still the field.
            if code.code is not None:
                self._filled(code.code)
                sink(code)

        self._automatic.start(found)

    def ask(self, request: CodeRequest) -> None:
        self._typed.ask(request)
        if self._automatic is not None:
            self._automatic.ask(request)

    def stop(self) -> None:
        self._typed.stop()
        if self._automatic is not None:
            self._automatic.stop()
