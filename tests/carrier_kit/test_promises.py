"""Every promise of the carriers' contract can be broken, and is seen to be."""

from __future__ import annotations

import inspect
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ringproof_server.testing import carrier_contract
from tests.carrier_kit import package
from tests.carrier_kit.mutants import MUTANTS, VARIANTS, Edit, Mutant

PROMISES = {
    name
    for suite in vars(carrier_contract).values()
    if inspect.isclass(suite) and issubclass(suite, carrier_contract.CarrierContract)
    for name in vars(suite)
    if name.startswith("test_")
} | {name for name in vars(carrier_contract.callbacks.EventContract) if name.startswith("test_")}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """What each test of each faulty carrier came to, all of them run by one pytest."""
    folder = tmp_path_factory.mktemp("mutants")
    chosen = []
    for variant, edits in VARIANTS.items():
        chosen.append(_write(folder, f"healthy_{variant}", edits))
    for number, mutant in enumerate(MUTANTS):
        test = _write(folder, f"mutant_{number}", (*VARIANTS[mutant.variant], *mutant.edits))
        chosen += [f"{test}::TestAcme::{name}" for name in mutant.breaks]
    path = str(folder / "src")
    ran = package.run_pytest(folder, path, "-q", "--junitxml=report.xml", "--tb=short", *chosen)
    assert ran.returncode == 1, ran.stdout[-6000:] + ran.stderr[-2000:]
    return _read(folder / "report.xml")


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_the_faults_are_put_into_is_in_order(variant: str, outcomes: dict[tuple[str, str], str]) -> None:
    """The page's carrier, and the one for a vendor that signs nothing, keep every promise."""
    found = {name: outcome for (where, name), outcome in outcomes.items() if where == f"healthy_{variant}"}
    assert len(found) >= 30
    assert not {name: outcome for name, outcome in found.items() if outcome != "passed"}


@pytest.mark.parametrize(("number", "mutant"), list(enumerate(MUTANTS)), ids=[item.fault for item in MUTANTS])
def test_a_carrier_is_found_out_that(
    number: int, mutant: Mutant, outcomes: dict[tuple[str, str], str]
) -> None:
    """Each fault breaks the promises that it is about."""
    assert {outcomes[f"mutant_{number}", name] for name in mutant.breaks} == {"failed"}


def test_every_promise_is_broken_by_a_fault() -> None:
    """No test of the contract is there that cannot fail."""
    assert {name for mutant in MUTANTS for name in mutant.breaks} == PROMISES


def _write(folder: Path, name: str, edits: tuple[Edit, ...]) -> str:
    """Write the edited package under a name of its own; the path of its tests."""
    contents = package.files()
    for file, old, new in edits:
        assert old in contents[file], f"{file} does not hold {old!r} any more"
        contents[file] = contents[file].replace(old, new)
    tests = f"tests/test_{name}.py"
    renamed = {
        path.replace("ringproof_acme", name)
        .replace("fake_acme", f"fake_{name}")
        .replace("tests/test_acme.py", tests): text.replace("ringproof_acme", name).replace(
            "fake_acme", f"fake_{name}"
        )
        for path, text in contents.items()
        if path != "pyproject.toml"
    }
    package.write(folder, renamed)
    return tests


def _read(report: Path) -> dict[tuple[str, str], str]:
    found = {}
    for case in ET.parse(report).iter("testcase"):
        module = case.attrib["classname"].split(".")[1].removeprefix("test_")
        children = {child.tag for child in case}
        outcome = next((tag for tag in ("error", "failure", "skipped") if tag in children), "passed")
        found[module, case.attrib["name"]] = "failed" if outcome == "failure" else outcome
    return found
