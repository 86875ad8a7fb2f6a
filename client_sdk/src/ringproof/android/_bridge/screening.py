"""The role of call screening, and the app's own Java class that has it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from jnius import JavaException, PythonJavaClass, cast, java_method

from ringproof.android._bridge import classes, results
from ringproof.android._bridge.guard import guarded
from ringproof.android._bridge.java import find_classes
from ringproof.android._screening import ScreenedCall

_SERVICE: Final = "org.ringproof.android.CallScreening"
_ROLES: Final = "android.app.role.RoleManager"
_ROLES_SINCE: Final = 29

_service = find_classes(_SERVICE, f"{_SERVICE}$Seen")
_roles = find_classes(_ROLES) if classes.sdk() >= _ROLES_SINCE else None


class _Listener(PythonJavaClass):  # type: ignore[misc]
    """Hears of calls, on the service's own thread. There is one, for good: Java may call it at any time."""

    __javainterfaces__ = ["org/ringproof/android/CallScreening$Listener"]  # noqa: RUF012 - read as it is
    __javacontext__ = "app"

    def __init__(self) -> None:
        super().__init__()
        self.take: Callable[[ScreenedCall], None] | None = None

    @java_method("(Lorg/ringproof/android/CallScreening$Seen;)V")  # type: ignore[untyped-decorator]
    def onCall(self, seen: Any) -> None:  # noqa: N802 - a Java interface
        guarded(self._hand_on, seen)

    def _hand_on(self, seen: Any) -> None:
        take = self.take
        if take is not None:
            take(_plain(seen))


_listener = _Listener() if _service is not None else None
_turn = threading.Lock()


def _plain(seen: Any) -> ScreenedCall:
    number = seen.getNumber()
    return ScreenedCall(
        sequence=int(seen.getSequence()),
        number=None if number is None else str(number),
        silenced=bool(seen.isSilenced()),
        mono_ms=int(seen.getElapsedMillis()),
        wall_ms=int(seen.getWallMillis()),
    )


class PhoneScreening:
    """Call screening of this phone, as `ringproof.android._screening.Screening` wants it.

    There is one service: whoever watches last has it, and an earlier one can neither stop it nor hear of it.
    """

    _take: Callable[[ScreenedCall], None] | None = None

    def available(self) -> bool:
        if _service is None:
            return False
        manager = self._manager()
        return manager is not None and bool(manager.isRoleAvailable(self._role()))

    def held(self) -> bool:
        manager = self._manager()
        return _service is not None and manager is not None and bool(manager.isRoleHeld(self._role()))

    def request(self, done: Callable[[], None]) -> None:
        def open_it() -> None:
            try:
                results.open_screen(
                    self._manager().createRequestRoleIntent(self._role()), lambda _outcome, _data: done()
                )
            except JavaException:
                done()

        results.on_main_thread(open_it)

    def watch(self, take: Callable[[ScreenedCall], None], seconds: float) -> None:
        if _service is not None and _listener is not None:
            with _turn:
                self._take = _listener.take = take
                _service[0].watch(_listener, round(seconds * 1000))

    def expect(self, digits: str, seconds: float) -> None:
        with _turn:
            if _service is not None and self._watches():
                _service[0].expect(digits, round(seconds * 1000))

    def remembered(self) -> Sequence[ScreenedCall]:
        with _turn:
            if _service is None or not self._watches():
                return []
            return [_plain(seen) for seen in _service[0].remembered()]

    def stop(self) -> None:
        with _turn:
            if _service is not None and _listener is not None and self._watches():
                _service[0].stop()
                _listener.take = None
            self._take = None

    def _watches(self) -> bool:
        return self._take is not None and _listener is not None and _listener.take is self._take

    def _manager(self) -> Any:
        if _roles is None:
            return None
        manager = classes.activity().getSystemService("role")
        return None if manager is None else cast(_ROLES, manager)

    def _role(self) -> str:
        return str(_roles[0].ROLE_CALL_SCREENING) if _roles is not None else ""
