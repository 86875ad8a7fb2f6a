"""Everything that needs Java, each module in a process of its own that must survive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.android.jvm import INNER, run_inner

MODULES = sorted(INNER.glob("check_*.py"))


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_it_holds_on_a_real_jvm(module: Path) -> None:
    """The module's tests pass, and the process ends with exit code 0: no crash of the bridge."""
    run_inner(module)
