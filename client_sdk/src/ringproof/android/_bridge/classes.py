"""The Java classes, all found at import, and the app's own objects."""

from __future__ import annotations

from typing import Any

from android.config import ACTIVITY_CLASS_NAME, JAVA_NAMESPACE, JNI_NAMESPACE
from jnius import JavaException, autoclass

__all__ = [
    "RECEIVER_CALLBACK",
    "BuildVersion",
    "CallLogCalls",
    "GenericBroadcastReceiver",
    "Handler",
    "HandlerThread",
    "Intent",
    "IntentFilter",
    "JavaException",
    "PackageManager",
    "Settings",
    "SystemClock",
    "TelephonyManager",
    "Uri",
    "activity",
    "application",
    "sdk",
]

RECEIVER_CALLBACK = f"{JNI_NAMESPACE}/GenericBroadcastReceiverCallback"

_Activity: Any = autoclass(ACTIVITY_CLASS_NAME)
GenericBroadcastReceiver: Any = autoclass(f"{JAVA_NAMESPACE}.GenericBroadcastReceiver")
BuildVersion: Any = autoclass("android.os.Build$VERSION")
CallLogCalls: Any = autoclass("android.provider.CallLog$Calls")
Handler: Any = autoclass("android.os.Handler")
HandlerThread: Any = autoclass("android.os.HandlerThread")
Intent: Any = autoclass("android.content.Intent")
IntentFilter: Any = autoclass("android.content.IntentFilter")
PackageManager: Any = autoclass("android.content.pm.PackageManager")
Settings: Any = autoclass("android.provider.Settings")
SystemClock: Any = autoclass("android.os.SystemClock")
TelephonyManager: Any = autoclass("android.telephony.TelephonyManager")
Uri: Any = autoclass("android.net.Uri")


def activity() -> Any:
    """The app's activity."""
    return _Activity.mActivity


def application() -> Any:
    """The app as a context, which outlives its activity."""
    return _Activity.mActivity.getApplicationContext()


def sdk() -> int:
    """The API level of this phone: 35 is Android 15."""
    return int(BuildVersion.SDK_INT)
