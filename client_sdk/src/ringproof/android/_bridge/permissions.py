"""Runtime permissions, and the app's page in the phone's settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from android import permissions as build_permissions

from ringproof.android._bridge import classes, results
from ringproof.android._bridge.guard import guarded

FLAG_ACTIVITY_NEW_TASK = 0x10000000


class PhonePermissions:
    """The dialogs of this phone, as `ringproof.android._permissions.Dialogs` wants them."""

    def __init__(self) -> None:
        results.watch_life()
        self._declared: frozenset[str] | None = None

    def held(self, name: str) -> bool:
        return bool(build_permissions.check_permission(name))

    def declared(self) -> frozenset[str]:
        # A manifest does not change while the app runs.
        if self._declared is None:
            self._declared = self._read_manifest()
        return self._declared

    def _read_manifest(self) -> frozenset[str]:
        context = classes.application()
        manager = context.getPackageManager()
        package = manager.getPackageInfo(
            context.getPackageName(), int(classes.PackageManager.GET_PERMISSIONS)
        )
        return frozenset(str(name) for name in package.requestedPermissions or ())

    def explains(self, name: str) -> bool:
        return bool(classes.activity().shouldShowRequestPermissionRationale(name))

    def ask(
        self, names: Sequence[str], *, requested: Callable[[], None], answered: Callable[[bool], None]
    ) -> None:
        def done(asked: Sequence[Any], _grants: Sequence[bool]) -> None:
            guarded(answered, len(asked) > 0)

        def request() -> None:
            build_permissions.request_permissions(list(names), done)
            requested()

        # Answers come on the main thread. Asked from another one, the build's module may be answered before
        # it has noted whom to tell.
        results.on_main_thread(request)

    def on_resumed(self, call: Callable[[], None]) -> Callable[[], None]:
        return results.on_resumed(call)

    def on_paused(self, call: Callable[[], None]) -> Callable[[], None]:
        return results.on_paused(call)

    def open_settings(self) -> bool:
        """Show the app's page in the settings; False when this phone has none."""
        package = classes.application().getPackageName()
        intent = classes.Intent(
            classes.Settings.ACTION_APPLICATION_DETAILS_SETTINGS,
            classes.Uri.fromParts("package", package, None),
        )
        intent.addFlags(FLAG_ACTIVITY_NEW_TASK)
        try:
            classes.activity().startActivity(intent)
        except classes.JavaException:
            return False
        return True
