"""What several tests of the SDK begin with."""

from __future__ import annotations

import pytest

from tests.client_sdk.phones import Scene


@pytest.fixture
def scene() -> Scene:
    """A verification's whole world, on a clock that jumps."""
    return Scene()
