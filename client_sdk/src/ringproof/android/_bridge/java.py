"""Looking at Java objects of which little is certain."""

from __future__ import annotations

from typing import Any

from jnius import JavaException, autoclass

_DEEPEST = 20


def find_classes(*names: str) -> tuple[Any, ...] | None:
    """The classes of these names; None when the app was built without one of them."""
    try:
        return tuple(autoclass(name) for name in names)
    except JavaException:
        return None


def is_there(value: Any) -> bool:
    """Whether it is an object: null, handed to a listener, arrives as an object of which every call fails."""
    if value is None:
        return False
    try:
        value.getClass()
    except JavaException:
        return False
    return True


def is_a(value: Any, name: str) -> bool:
    """Whether a value is a Java object of this class or of one derived from it.

    The bridge itself casts anything to anything, and a method called on the wrong class ends the app.
    """
    kind = value.getClass() if hasattr(value, "getClass") else None
    for _ in range(_DEEPEST):
        if kind is None:
            break
        if kind.getName() == name:
            return True
        kind = kind.getSuperclass()
    return False
