"""What this phone is."""

from __future__ import annotations

from ringproof.android._bridge import classes


def api_level() -> int:
    """35 is Android 15."""
    return classes.sdk()


def has_telephony() -> bool:
    """Whether it can be called at all; many tablets cannot."""
    manager = classes.application().getPackageManager()
    return bool(manager.hasSystemFeature(classes.PackageManager.FEATURE_TELEPHONY))
