"""Broadcasts, heard on a thread of their own.

The build's own `android.broadcast` is not used: it fails when it is started a second time, and can name
neither the permission that a sender must hold nor who may send (needed since API level 34). Its Java half,
`GenericBroadcastReceiver`, is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from jnius import PythonJavaClass, java_method

from ringproof.android._bridge import classes
from ringproof.android._bridge.guard import guarded
from ringproof.android._bridge.proxies import made

Heard = TypeVar("Heard")

RECEIVER_EXPORTED = 0x2
"""`Context.RECEIVER_EXPORTED`; the constant itself is only there from API level 33 on, as is its meaning."""
EXPORTED_SINCE = 33


class _Callback(PythonJavaClass):  # type: ignore[misc]
    """Hands intents over to Python, on the receiver's thread."""

    __javainterfaces__ = [classes.RECEIVER_CALLBACK]  # noqa: RUF012 - read by the bridge as it is
    __javacontext__ = "app"

    def __init__(self, receive: Callable[[Any], None]) -> None:
        super().__init__()
        self._receive = receive

    @java_method("(Landroid/content/Context;Landroid/content/Intent;)V")  # type: ignore[untyped-decorator]
    def onReceive(self, context: Any, intent: Any) -> None:  # noqa: N802, ARG002 - a Java interface
        guarded(self._receive, intent)


_kept: list[tuple[Any, ...]] = []


def _keep_while_alive(thread: Any, *called: Any) -> None:
    """Keep what a thread may call until that thread has ended, also when everybody else forgets it."""
    _kept[:] = [each for each in _kept if each[0].isAlive()]
    _kept.append((thread, *called))


class Receiver(Generic[Heard]):
    """Listens for one action while started; may be started and stopped any number of times.

    `read` makes plain Python of an intent and `hear` takes it, both on the receiver's own thread, which runs
    on while the activity is paused. Only the system can send the action, unless `sender_permission` names
    what another app must hold to send it. Once made, it may be used on any thread, by one at a time.
    """

    def __init__(
        self,
        action: str,
        read: Callable[[Any], Heard],
        hear: Callable[[Heard], None],
        *,
        sender_permission: str | None = None,
    ) -> None:
        self._action = action
        self._permission = sender_permission
        self._read = read
        self._hear = hear
        self._callback = made(lambda: _Callback(self._receive))
        self._receiver = classes.GenericBroadcastReceiver(self._callback)
        self._thread: Any = None

    def start(self) -> None:
        """Listen; a second start changes nothing."""
        if self._thread is not None:
            return
        thread = classes.HandlerThread("ringproof-receiver")
        thread.start()
        _keep_while_alive(thread, self._callback, self._receiver)
        handler = classes.Handler(thread.getLooper())
        others = self._permission is not None and classes.sdk() >= EXPORTED_SINCE
        try:
            classes.application().registerReceiver(
                self._receiver,
                classes.IntentFilter(self._action),
                self._permission,
                handler,
                RECEIVER_EXPORTED if others else 0,
            )
        except BaseException:
            thread.quitSafely()
            raise
        self._thread = thread

    def stop(self) -> None:
        """Listen no more; may be called by `hear` itself. What was on its way may still be heard."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            classes.application().unregisterReceiver(self._receiver)
        finally:
            thread.quitSafely()

    def _receive(self, intent: Any) -> None:
        self._hear(self._read(intent))


def phone_state(hear: Callable[[str, str | None], None]) -> Receiver[tuple[str, str | None]]:
    """The phone's state: `RINGING`, `OFFHOOK` or `IDLE`, and the number; None where the copy has none.

    Only the system can send it, so no flag says who else may: with one, some phones were seen to lose it.
    """
    manager = classes.TelephonyManager
    state_extra, number_extra = manager.EXTRA_STATE, manager.EXTRA_INCOMING_NUMBER

    def read(intent: Any) -> tuple[str, str | None]:
        state = str(intent.getStringExtra(state_extra))
        if not intent.hasExtra(number_extra):
            return state, None
        return state, str(intent.getStringExtra(number_extra) or "")

    return Receiver(manager.ACTION_PHONE_STATE_CHANGED, read, lambda copy: hear(*copy))
