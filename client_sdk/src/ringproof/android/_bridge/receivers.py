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


_retired: list[tuple[Any, ...]] = []


def _retire(*objects: Any) -> None:
    """Keep what a thread may still call until that thread, the first of the objects, has ended."""
    _retired[:] = [kept for kept in _retired if kept[0].isAlive()]
    _retired.append(objects)


class Receiver(Generic[Heard]):
    """Listens for one action while started; may be started and stopped any number of times.

    `read` makes plain Python of an intent and `hear` takes it, both on the receiver's own thread, which runs
    on while the activity is paused. Only the system can send the action, unless `sender_permission` names
    what another app must hold to send it. `start` and `stop` are to be called by one thread at a time.
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
        self._running: tuple[Any, Any, Any] | None = None

    def start(self) -> None:
        """Listen; a second start changes nothing."""
        if self._running is not None:
            return
        callback = made(lambda: _Callback(self._receive))
        receiver = classes.GenericBroadcastReceiver(callback)
        thread = classes.HandlerThread("ringproof-receiver")
        thread.start()
        handler = classes.Handler(thread.getLooper())
        others = self._permission is not None and classes.sdk() >= EXPORTED_SINCE
        try:
            classes.application().registerReceiver(
                receiver,
                classes.IntentFilter(self._action),
                self._permission,
                handler,
                RECEIVER_EXPORTED if others else 0,
            )
        except BaseException:
            thread.quitSafely()
            _retire(thread, callback, receiver)
            raise
        self._running = (thread, callback, receiver)

    def stop(self) -> None:
        """Listen no more; may be called by `hear` itself. What was on its way may still be heard."""
        running, self._running = self._running, None
        if running is None:
            return
        thread, callback, receiver = running
        try:
            classes.application().unregisterReceiver(receiver)
        finally:
            thread.quitSafely()
            _retire(thread, callback, receiver)

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
