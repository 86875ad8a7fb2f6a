"""Every exception of the package, by name; the tree is drawn in `ringproof._errors`."""

from __future__ import annotations

from ringproof import _errors
from ringproof._errors import *  # noqa: F403 - this module is that list under a public name
from ringproof._errors import PROBLEM_SLUGS, FieldError

__all__ = [  # noqa: PLE0604 - computed from the tree, so that no class can be forgotten
    "PROBLEM_SLUGS",
    "FieldError",
    *sorted(
        name
        for name, value in vars(_errors).items()
        if isinstance(value, type) and issubclass(value, _errors.RingproofError)
    ),
]
