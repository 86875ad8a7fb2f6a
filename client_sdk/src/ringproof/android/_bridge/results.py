"""The activity: when it is paused and back, what other screens answer, and its thread.

For each kind of news one listener is registered once and stays for good. To take one away again is not safe:
Android may be about to call it, and the build's lists are walked while they are changed.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

from android import activity as build_activity
from android.runnable import Runnable

from ringproof.android._bridge import classes
from ringproof.android._bridge.guard import guarded
from ringproof.android._bridge.proxies import made

RESULT_OK = -1
"""`Activity.RESULT_OK`."""
FIRST_REQUEST = 0x5250
"""Request codes must fit 16 bits; the app itself is likely to count from 1."""

Result = Callable[[int, Any], None]


class _News:
    """Whoever wants to hear of one kind of news."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[int, Callable[[], None]] = {}
        self._count = itertools.count()

    def subscribe(self, call: Callable[[], None]) -> Callable[[], None]:
        with self._lock:
            key = next(self._count)
            self._listeners[key] = call
        return lambda: _forget(self._lock, self._listeners, key)

    def tell(self, *_: Any) -> None:
        with self._lock:
            listeners = list(self._listeners.values())
        for listener in listeners:
            guarded(listener)


def _forget(lock: threading.Lock, listeners: dict[int, Callable[[], None]], key: int) -> None:
    with lock:
        listeners.pop(key, None)


_resumed, _paused = _News(), _News()
_results: dict[int, Result] = {}
_codes = itertools.count(FIRST_REQUEST)
_lock = threading.Lock()
_registered: set[str] = set()


def _register_once(what: str, register: Callable[[], Any]) -> None:
    with _lock:
        if what in _registered:
            return
        _registered.add(what)
    try:
        made(register)
    except BaseException:
        with _lock:
            _registered.discard(what)
        raise


def watch_life() -> None:
    """Be told from now on when the activity is paused and resumed; once is enough."""
    _register_once(
        "life",
        lambda: build_activity.register_activity_lifecycle_callbacks(
            onActivityResumed=_resumed.tell, onActivityPaused=_paused.tell
        ),
    )


def on_resumed(call: Callable[[], None]) -> Callable[[], None]:
    """Call on the main thread whenever the app is in front again; the answer ends that."""
    watch_life()
    return _resumed.subscribe(call)


def on_paused(call: Callable[[], None]) -> Callable[[], None]:
    """Call on the main thread whenever another screen, a dialog too, takes the app's place."""
    watch_life()
    return _paused.subscribe(call)


def _answered(request: int, outcome: int, data: Any) -> None:
    with _lock:
        done = _results.pop(request, None)
    if done is not None:
        guarded(done, outcome, data)


def _open(start: Callable[[int], None], done: Result) -> None:
    _register_once("results", lambda: build_activity.bind(on_activity_result=_answered))
    with _lock:
        request = next(_codes)
        _results[request] = done
        while len(_results) > 50:
            del _results[next(iter(_results))]
    try:
        start(request)
    except BaseException:
        with _lock:
            _results.pop(request, None)
        raise


def open_screen(intent: Any, done: Result) -> None:
    """Open another app's screen; `done` gets its result code and its intent or None, on the main thread.

    Raises JavaException when no app can show it.
    """
    _open(lambda request: classes.activity().startActivityForResult(intent, request), done)


def open_sender(sender: Any, done: Result) -> None:
    """As `open_screen`, for the IntentSender of a PendingIntent."""
    _open(lambda request: classes.activity().startIntentSenderForResult(sender, request, None, 0, 0, 0), done)


def on_main_thread(call: Callable[[], None]) -> None:
    """Call on Android's main thread, which is not the one that Python's `main` runs on."""
    Runnable(lambda: guarded(call))()
