"""Google's Play services, where the app has their libraries: messages for the app, and the person's number.

The libraries are `com.google.android.gms:play-services-auth-api-phone` and `…:play-services-auth`.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from jnius import JavaException, PythonJavaClass, cast, java_method

from ringproof.android._bridge import classes, results
from ringproof.android._bridge.guard import guarded
from ringproof.android._bridge.java import find_classes, is_a, is_there
from ringproof.android._bridge.package import own_app_hash
from ringproof.android._bridge.proxies import made
from ringproof.android._bridge.receivers import Receiver
from ringproof.android._messages import NO_STATUS, OK, ConsentDialog, MessageNews, Way

_API: Final = "com.google.android.gms.common.api"
_TASKS: Final = "com.google.android.gms.tasks"
_PHONE: Final = "com.google.android.gms.auth.api.phone"
_IDENTITY: Final = "com.google.android.gms.auth.api.identity"
_STATUS: Final = f"{_API}.Status"
_FAULT: Final = f"{_API}.ApiException"
_INTENT: Final = "android.content.Intent"

# All that a call returns is named too: what is not known yet can only be found on the main thread.
_messages = find_classes(
    f"{_PHONE}.SmsRetriever", f"{_PHONE}.SmsRetrieverClient", f"{_TASKS}.Task", _STATUS, _FAULT
)
_numbers = find_classes(
    f"{_IDENTITY}.Identity",
    f"{_IDENTITY}.GetPhoneNumberHintIntentRequest",
    f"{_IDENTITY}.GetPhoneNumberHintIntentRequest$Builder",
    f"{_IDENTITY}.SignInClient",
    f"{_TASKS}.Task",
    _FAULT,
    "android.app.PendingIntent",
)

_waiting: set[_Ending] = set()
_ended: deque[_Ending] = deque(maxlen=32)
"""Kept for a while: Java is still inside the call that tells of the end."""


class _Ending(PythonJavaClass):  # type: ignore[misc]
    """Hears how a task ends. Kept until then, because Java alone does not keep it alive.

    It listens for the end, not for success: the services' messages tasks succeed with null, and the bridge
    crashes when a listener's argument of type Object is null.
    """

    __javainterfaces__ = ["com/google/android/gms/tasks/OnCompleteListener"]  # noqa: RUF012 - read as it is
    __javacontext__ = "app"

    def __init__(self, done: Callable[[int, Any], None]) -> None:
        super().__init__()
        self._done = done

    def wait_for(self, task: Any) -> None:
        _waiting.add(self)
        try:
            task.addOnCompleteListener(self)
        except JavaException:
            _waiting.discard(self)
            raise

    @java_method("(Lcom/google/android/gms/tasks/Task;)V")  # type: ignore[untyped-decorator]
    def onComplete(self, task: Any) -> None:  # noqa: N802 - a Java interface
        _waiting.discard(self)
        _ended.append(self)
        guarded(self._end, task)

    def _end(self, task: Any) -> None:
        if task.isSuccessful():
            self._done(OK, task.getResult())
        else:
            self._done(_status_of(task.getException()), None)


def _status_of(fault: Any) -> int:
    return int(cast(_FAULT, fault).getStatusCode()) if is_a(fault, _FAULT) else NO_STATUS


def _when_done(begin: Callable[[], Any], done: Callable[[int, Any], None]) -> None:
    """Begin a task; `done` gets its status and result, also when it could not begin."""
    try:
        ending = made(lambda: _Ending(done))
        ending.wait_for(begin())
    except (JavaException, TimeoutError):
        done(NO_STATUS, None)


class PlayMessages:
    """SMS Retriever and SMS User Consent, as `ringproof.android._messages.MessageReader` wants them."""

    def __init__(self, sms_retriever: Any) -> None:
        self._java = sms_retriever
        self._receiver: Receiver[MessageNews] | None = None

    def app_hash(self) -> str | None:
        return own_app_hash()

    def listen(self, take: Callable[[MessageNews], None]) -> bool:
        self.stop()
        receiver = Receiver(
            str(self._java.SMS_RETRIEVED_ACTION),
            self._news,
            take,
            sender_permission=str(self._java.SEND_PERMISSION),
        )
        try:
            receiver.start()
        except (JavaException, TimeoutError):
            return False
        self._receiver = receiver
        return True

    def stop(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            # Android may have forgotten it already, together with what it belonged to.
            with contextlib.suppress(JavaException):
                receiver.stop()

    def start(self, way: Way, done: Callable[[int], None]) -> None:
        def begin() -> Any:
            client = self._java.getClient(classes.activity())
            return client.startSmsRetriever() if way == "retriever" else client.startSmsUserConsent(None)

        _when_done(begin, lambda status, _: done(status))

    def ask(self, dialog: ConsentDialog, done: Callable[[str | None], None]) -> None:
        def answered(outcome: int, data: Any) -> None:
            chosen = outcome == results.RESULT_OK and is_there(data)
            done(data.getStringExtra(self._java.EXTRA_SMS_MESSAGE) if chosen else None)

        def open_it() -> None:
            try:
                results.open_screen(dialog.intent, answered)
            except JavaException:
                done(None)

        results.on_main_thread(open_it)

    def _news(self, intent: Any) -> MessageNews:
        """What a broadcast says. Whoever made it may have put anything into it, even what cannot be read."""
        try:
            extras = intent.getExtras()
            if extras is None:
                return MessageNews(None)
            status = extras.get(self._java.EXTRA_STATUS)
            dialog = extras.getParcelable(self._java.EXTRA_CONSENT_INTENT)
            return MessageNews(
                status=int(cast(_STATUS, status).getStatusCode()) if is_a(status, _STATUS) else None,
                message=extras.getString(self._java.EXTRA_SMS_MESSAGE),
                dialog=_dialog(cast(_INTENT, dialog)) if is_a(dialog, _INTENT) else None,
            )
        except (JavaException, ValueError):
            return MessageNews(None)


def _dialog(intent: Any) -> ConsentDialog:
    component = intent.getComponent()
    owner = component.getPackageName() if component is not None else intent.getPackage()
    return ConsentDialog(owner, int(intent.getFlags()), intent)


class PlayNumbers:
    """The Phone Number Hint, as `ringproof.android._hint.NumberPicker` wants it."""

    def __init__(self, identity: Any, request: Any) -> None:
        self._identity = identity
        self._request = request

    def pick(self, done: Callable[[str | None], None]) -> None:
        def begin() -> Any:
            client = self._identity.getSignInClient(classes.activity())
            return client.getPhoneNumberHintIntent(self._request.builder().build())

        def ready(status: int, pending: Any) -> None:
            if status != OK or not is_a(pending, "android.app.PendingIntent"):
                done(None)
                return
            sender = cast("android.app.PendingIntent", pending).getIntentSender()
            results.on_main_thread(lambda: self._open(sender, done))

        _when_done(begin, ready)

    def _open(self, sender: Any, done: Callable[[str | None], None]) -> None:
        def answered(outcome: int, data: Any) -> None:
            chosen = outcome == results.RESULT_OK and is_there(data)
            done(self._number(data) if chosen else None)

        try:
            results.open_sender(sender, answered)
        except JavaException:
            done(None)

    def _number(self, data: Any) -> str | None:
        try:
            number = self._identity.getSignInClient(classes.activity()).getPhoneNumberFromIntent(data)
        except JavaException:
            return None
        return None if number is None else str(number)


def message_reader() -> PlayMessages | None:
    """What reads messages; None in an app without the library."""
    return PlayMessages(_messages[0]) if _messages is not None else None


def number_picker() -> PlayNumbers | None:
    """What shows the person's numbers; None in an app without the library."""
    return PlayNumbers(_numbers[0], _numbers[1]) if _numbers is not None else None
