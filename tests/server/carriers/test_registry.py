"""Carriers are found by entry points, and whatever is wrong with one is said in a way that helps."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from ringproof_server.carriers import CarrierLookupError, find_carriers, known_carriers
from ringproof_server.carriers.simulated import build


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path in which distributions can be installed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(site: Path, distribution: str, entry_points: str, **modules: str) -> None:
    info = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ringproof.carriers]\n{entry_points}\n")
    for name, source in modules.items():
        (site / f"{name}.py").write_text(source)


def test_the_simulated_carrier_uses_the_same_door_as_everyone() -> None:
    """The built-in carrier is installed as an entry point."""
    assert "simulated" in known_carriers()
    assert find_carriers(["simulated"]) == {"simulated": build}


def test_third_parties_are_found_in_the_order_asked_for(site: Path) -> None:
    """A plug-in of another distribution is loaded by its name."""
    install(site, "pigeon-post", "pigeon = pigeons:build", pigeons="def build(options): return 'pigeon'")
    found = find_carriers(["pigeon", "simulated"])
    assert list(found) == ["pigeon", "simulated"]
    assert found["pigeon"](None) == "pigeon"  # type: ignore[arg-type, comparison-overlap]  # It takes anything.


def test_carriers_that_are_not_configured_are_never_imported(site: Path) -> None:
    """A broken plug-in harms nobody who does not use it."""
    install(site, "landmine", "landmine = landmine_module:build", landmine_module="raise SystemExit('boom')")
    find_carriers(["simulated"])
    assert "landmine_module" not in sys.modules


def test_an_unknown_name_lists_the_known_ones(site: Path) -> None:
    """A typing error is answered with what would have been right."""
    install(site, "pigeon-post", "pigeon = pigeons:build")
    with pytest.raises(CarrierLookupError, match=r"no carrier 'pidgeon'; installed are: pigeon, .*simulated"):
        find_carriers(["pidgeon"])


def test_a_name_offered_twice_names_both_distributions(site: Path) -> None:
    """Nobody has to guess which of two carriers of one name takes the calls."""
    install(site, "pigeon-post", "pigeon = pigeons:build")
    install(site, "other-birds", "pigeon = birds:build")
    with pytest.raises(CarrierLookupError, match="offered by other-birds and pigeon-post"):
        find_carriers(["pigeon"])


def test_a_name_configured_twice_is_refused() -> None:
    """Twice the same carrier is a mistake in the settings."""
    with pytest.raises(CarrierLookupError, match="configured twice"):
        find_carriers(["simulated", "simulated"])


@pytest.mark.parametrize(
    ("entry_point", "extra"),
    [("pigeon = pigeon_client:build", "pigeon"), ("pigeon = pigeon_client:build [birds]", "birds")],
)
def test_a_missing_library_names_the_extra_to_install(site: Path, entry_point: str, extra: str) -> None:
    """The extra is the one of the entry point, or is called like the carrier."""
    install(site, f"post-{extra}", entry_point, pigeon_client="import a_library_nobody_has")
    sys.modules.pop("pigeon_client", None)
    expected = rf"a_library_nobody_has is missing\); install post-{extra}\[{extra}\]"
    with pytest.raises(CarrierLookupError, match=expected):
        find_carriers(["pigeon"])


def test_an_entry_point_to_nothing_says_what_does_not_exist(site: Path) -> None:
    """A plug-in without its function is the fault of its distribution, which is named."""
    install(site, "hollow", "hollow = hollow_module:build", hollow_module="")
    with pytest.raises(CarrierLookupError, match="'hollow' of hollow refers to hollow_module:build"):
        find_carriers(["hollow"])


def test_an_entry_point_that_is_no_function_is_refused() -> None:
    """Only a function can build a carrier."""
    point = metadata.EntryPoint("odd", "sys:path", "ringproof.carriers")
    with pytest.raises(CarrierLookupError, match="is not a function"):
        find_carriers(["odd"], lambda: [point])
