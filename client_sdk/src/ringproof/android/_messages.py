"""Codes that fill themselves in: Android hands the app its own message, or the person lets it see one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from ringproof._calls import CodeRequest, CodeSink
from ringproof._sources import TypedCodes
from ringproof._system import Clock, SystemClock
from ringproof.android._message_text import code_in

WAITS = 300.0
"""Seconds for which Play services wait for a message after one start."""
MOST_STARTS = 6
"""Starts in one verification: broadcasts, forged ones too, must not keep a phone busy."""
MOST_READ = 3
"""Different codes read in one verification: a flood of messages must not use up the checks."""

OK = 0
NO_STATUS = -1
"""Stands for a failure that has no status code."""

GOOGLE = "com.google.android.gms"
"""The package of Play services, the only app whose dialog is opened."""
GRANTS_ACCESS = 0x01 | 0x02 | 0x40 | 0x80
"""Flags of an Intent that would lend the app's own files to whoever it opens."""

Way: TypeAlias = Literal["retriever", "consent"]
Reaction: TypeAlias = Literal["again", "other_way"]

# The codes of CommonStatusCodes and SmsRetrieverStatusCodes by what they leave to be done: start again when a
# code is asked for next, or leave this way. One that is not named here leaves it too.
_REACTIONS: dict[int, Reaction] = {
    7: "again",  # NETWORK_ERROR
    8: "again",  # INTERNAL_ERROR
    14: "again",  # INTERRUPTED
    15: "again",  # TIMEOUT: five minutes without a message
    16: "again",  # CANCELED
    20: "again",  # CONNECTION_SUSPENDED_DURING_CALL
    21: "again",  # RECONNECTION_TIMED_OUT_DURING_UPDATE
    22: "again",  # RECONNECTION_TIMED_OUT
    2: "other_way",  # SERVICE_VERSION_UPDATE_REQUIRED
    3: "other_way",  # SERVICE_DISABLED
    10: "other_way",  # DEVELOPER_ERROR: the app is signed by more than one certificate
    13: "other_way",  # ERROR: another app of this phone has the same hash
    17: "other_way",  # API_NOT_CONNECTED: no Play services on this phone
    36500: "other_way",  # PLATFORM_NOT_SUPPORTED
    36501: "other_way",  # API_NOT_AVAILABLE
    36502: "other_way",  # USER_PERMISSION_REQUIRED
}


def reaction(status: int) -> Reaction:
    """What a status other than OK leaves to be done."""
    return _REACTIONS.get(status, "other_way")


@dataclass(frozen=True)
class ConsentDialog:
    """The dialog in which a person lets the app see one message: whose it is, and what only Java knows."""

    owner: str | None
    flags: int
    intent: object = field(repr=False)

    @property
    def trusted(self) -> bool:
        """Whether it is Google's and wants nothing else: another's would be opened with our rights."""
        return self.owner == GOOGLE and not self.flags & GRANTS_ACCESS


@dataclass(frozen=True)
class MessageNews:
    """One broadcast of Play services. Every part may be missing, and none of it is to be believed."""

    status: int | None
    message: str | None = field(default=None, repr=False)
    dialog: ConsentDialog | None = None


class MessageReader(Protocol):
    """What Play services can do with messages; callbacks come on any thread."""

    def app_hash(self) -> str | None:
        """The mark of this app's messages, as the phone computes it."""
        ...

    def listen(self, take: Callable[[MessageNews], None]) -> bool:
        """Tell of broadcasts from now on; False when this phone does not let the app."""
        ...

    def stop(self) -> None:
        """Tell of none any more; harmless when not listening."""
        ...

    def start(self, way: Way, done: Callable[[int], None]) -> None:
        """Wait for a message; `done` gets OK or why not."""
        ...

    def ask(self, dialog: ConsentDialog, done: Callable[[str | None], None]) -> None:
        """Open the dialog; `done` gets the message, or None when the person refused."""
        ...


class AndroidCodes(TypedCodes):
    """A code field that fills itself in where the phone allows that, and that can always be typed into.

    Messages come by SMS Retriever, without a permission and without a dialog: `app_hash` marks them for this
    app, by default what the phone computes (`sms_app_hash()`), and `verify` tells it to the server. Where the
    Retriever is refused, where there is no hash, or with `consent=True`, they come by User Consent: one
    dialog, a no is not asked again. Refused too, or without Play services: typed. What goes wrong on the way
    is no error.

    `origin_host` is the host that the app's messages name in their last line, if they do; `on_read` is told a
    code that was read, for the field on the screen. Create it on the main thread.
    """

    def __init__(
        self,
        *,
        app_hash: str | None = None,
        consent: bool = False,
        origin_host: str | None = None,
        on_read: Callable[[str], None] | None = None,
        reader: MessageReader | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self._reader = reader if reader is not None else _reader_of_this_phone()
        if app_hash is None and self._reader is not None:
            app_hash = self._reader.app_hash()
        self._app_hash = app_hash
        self._consent = consent
        self._origin_host = origin_host
        self._on_read = on_read
        self._clock: Clock = clock or SystemClock()
        self._state = threading.RLock()
        self._run = 0
        self._way: Way | None = None
        self._reset()

    @property
    def app_hash(self) -> str | None:
        """The 11 characters by which Android knows the app's messages; None: they need none."""
        return self._app_hash if self._reader is not None and not self._consent else None

    @property
    def way(self) -> Way | None:
        """How messages are read at the moment; None: not at all, the person types."""
        return self._way

    def start(self, sink: CodeSink) -> None:
        super().start(sink)
        reader = self._reader
        if reader is None:
            return
        with self._state:
            self._reset()
            self._run += 1
            run = self._run
            self._way = "retriever" if self.app_hash is not None else "consent"
        if reader.listen(lambda news: self._take(run, news)):
            self._begin(run)
        else:
            self._way = None

    def ask(self, request: CodeRequest) -> None:
        super().ask(request)
        with self._state:
            run, unread = self._run, self._unread
        if unread is not None:
            self._read(run, *unread)
        self._begin(run)

    def stop(self) -> None:
        super().stop()
        with self._state:
            self._run += 1
            self._way = None
            self._reset()
        if self._reader is not None:
            self._reader.stop()

    def _reset(self) -> None:
        self._starts = 0
        self._waits_until = 0.0
        self._dialog_open = False
        self._codes: set[str] = set()
        self._unread: tuple[str, bool] | None = None

    def _wanted(self) -> bool:
        """Whether a message could bring what is asked for; nothing is asked for yet at the beginning."""
        return self.request is None or self.request.channel == "sms"

    def _begin(self, run: int) -> None:
        """Have Play services wait for the next message, unless they do already."""
        now = self._clock.monotonic()
        with self._state:
            way, reader = self._way, self._reader
            stale = run != self._run or now < self._waits_until or self._dialog_open
            if stale or way is None or reader is None or self._starts >= MOST_STARTS or not self._wanted():
                return
            self._starts += 1
            self._waits_until = now + WAITS
        reader.start(way, lambda status: self._began(run, way, status))

    def _began(self, run: int, way: Way, status: int) -> None:
        if status != OK:
            self._failed(run, way, status)

    def _failed(self, run: int, way: Way, status: int) -> None:
        """This way has ended, for now or for good. Nobody is told: the field is there."""
        with self._state:
            if run != self._run or way != self._way:
                return
            self._waits_until = 0.0
            if reaction(status) == "again":
                return
            self._way = "consent" if way == "retriever" else None
        self._begin(run)

    def _take(self, run: int, news: MessageNews) -> None:
        """A broadcast. One that does not belong to the way that is being tried is nobody's."""
        with self._state:
            way = self._way
            if run != self._run or way is None or news.status is None:
                return
        if news.status != OK:
            self._failed(run, way, news.status)
        elif way == "retriever" and news.message is not None:
            self._arrived(run, news.message, chosen=False)
        elif way == "consent" and news.dialog is not None and news.dialog.trusted:
            self._open(run, news.dialog)

    def _open(self, run: int, dialog: ConsentDialog) -> None:
        reader = self._reader
        with self._state:
            if run != self._run or self._dialog_open or not self._wanted() or reader is None:
                return
            self._dialog_open = True
        reader.ask(dialog, lambda message: self._answered(run, message))

    def _answered(self, run: int, message: str | None) -> None:
        with self._state:
            if run != self._run or not self._dialog_open:
                return
            self._dialog_open = False
            if message is None:
                # Who has said no is not asked again.
                self._way = None
                return
        self._arrived(run, message, chosen=True)

    def _arrived(self, run: int, message: str, *, chosen: bool) -> None:
        """A message. Each start brings one: the next is waited for when this one has not helped."""
        with self._state:
            self._waits_until = 0.0
        if not self._read(run, message, chosen):
            self._begin(run)

    def _read(self, run: int, message: str, chosen: bool) -> bool:
        """Tell the code of a message; whether there was one."""
        request = self.request
        code = code_in(
            message,
            app_hash=self._app_hash,
            length=request.length if request else None,
            chosen=chosen,
            origin_host=self._origin_host,
        )
        with self._state:
            if run != self._run:
                return True
            # How long a code is may only be known when it is asked for.
            self._unread = (message, chosen) if code is None and request is None else None
            if code is None:
                return False
            if code in self._codes or len(self._codes) >= MOST_READ or not self._wanted():
                return True
            self._codes.add(code)
        if self._on_read is not None:
            self._on_read(code)
        self.enter(code, "retriever")
        return True


def sms_app_hash() -> str | None:
    """The 11 characters by which Android knows messages for this app, from its name and its certificate.

    None when the phone does not say who signed it, or several did: then there is no SMS Retriever. An app
    that is signed anew by a store has another hash there. Call it on the main thread.
    """
    from ringproof.android._bridge.package import own_app_hash

    return own_app_hash()


def _reader_of_this_phone() -> MessageReader | None:
    from ringproof.android._bridge.play_services import message_reader

    return message_reader()
