"""The app itself as Android knows it: its name and who signed it."""

from __future__ import annotations

from jnius import JavaException

from ringproof.android._bridge import classes
from ringproof.android._message_text import app_hash

GET_SIGNATURES = 0x40
"""`PackageManager.GET_SIGNATURES`: deprecated, and what the published way of computing the hash uses."""


def own_app_hash() -> str | None:
    """The mark of this app's messages; None when it is not signed by exactly one certificate."""
    context = classes.application()
    name = str(context.getPackageName())
    try:
        package = context.getPackageManager().getPackageInfo(name, GET_SIGNATURES)
    except JavaException:
        return None
    certificates = [signature.toByteArray() for signature in package.signatures or ()]
    if len(certificates) != 1:
        return None
    # Java's bytes have a sign.
    return app_hash(name, bytes(byte & 0xFF for byte in certificates[0]))
