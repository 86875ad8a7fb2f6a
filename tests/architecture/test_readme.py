"""What the README lists is what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from ringproof_server.cli import main
from ringproof_server.domain.assurance import bits, offer_flash
from ringproof_server.domain.attempt import (
    CALL_TRANSITIONS,
    MESSAGE_TRANSITIONS,
    AttemptEvent,
    AttemptState,
    Row,
)
from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.code import guess_probability
from ringproof_server.domain.policy import Policy
from ringproof_server.settings import settings_table
from tests.architecture.sources import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def between(name: str, text: str = README) -> str:
    """What stands between two marker comments."""
    _, begin, rest = text.partition(f"<!-- {name} -->\n")
    inside, end, _ = rest.partition(f"<!-- end of {name} -->")
    assert begin
    assert end
    return inside


def leaves(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below this one that does something, with its names."""
    if isinstance(command, click.Group):
        for name in command.commands:
            yield from leaves(command.commands[name], (*path, name))
    else:
        yield path, command


def test_the_settings_table_is_the_one_that_the_code_makes() -> None:
    assert between("settings") == settings_table()


def test_every_command_and_option_has_its_place_in_the_commands_table() -> None:
    rows = dict(re.findall(r"^\| `ringproof-server ([^`]+)` \| (.+) \|$", between("commands"), re.MULTILINE))
    named = {
        " ".join(word for word in row.split() if re.fullmatch("[a-z][a-z-]*", word)): row for row in rows
    }
    expected = {" ".join(path): command for path, command in leaves(main)}
    assert set(named) == set(expected)
    for name, command in expected.items():
        for parameter in command.params:
            long = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.name or ""
            assert long == "--json" or long.lower() in named[name].lower(), (name, long)


@pytest.mark.parametrize("command", ["make demo", "make demo ONCE=1", "make test", "make lint"])
def test_the_first_commands_are_named_and_exist(command: str) -> None:
    assert command in README
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_repository_leads_somewhere(document: object) -> None:
    path = ROOT / str(document)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_setting_that_a_document_names_exists(document: object) -> None:
    known = set(re.findall(r"`(RINGPROOF_\w+)`", settings_table()))
    families = tuple(re.findall(r"`(RINGPROOF_\w+_)…`", settings_table()))
    for name in re.findall(r"RINGPROOF_[A-Z_]+", (ROOT / str(document)).read_text(encoding="utf-8")):
        assert name in known or name.startswith(families), name


def test_the_table_of_pools_says_what_the_code_computes() -> None:
    policy = Policy()
    allowance = policy.max_guess_probability - guess_probability(policy.code_checks, policy.code_digits)
    text = (ROOT / "docs/assurance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d ]+) \| (\d) \| (\d) \| (.+?) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert len(rows) >= 8
    for size, calls, reports, probability, shown in rows:
        numbers = [f"+44207{9_460_000 + n:07d}" for n in range(int(size.replace(" ", "")))]
        statistics = PoolStatistics.of(numbers)
        offer = offer_flash(statistics, unavailable=0, policy=policy, allowance=allowance)
        assert offer is not None
        assert (offer.calls, offer.reports) == (int(calls), int(reports)), size
        digits, _, exponent = probability.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")).partition(
            " · 10"
        )
        assert float(digits) == pytest.approx(offer.guess_probability / 10.0 ** int(exponent), rel=0.03)
        assert float(shown) == round(bits(offer.guess_probability), 1)


def test_below_the_smallest_pool_of_the_table_no_call_is_offered() -> None:
    statistics = PoolStatistics.of([f"+4420794600{n:02d}" for n in range(11)])
    assert offer_flash(statistics, unavailable=0, policy=Policy(), allowance=1e-3 - 5e-6) is None


@pytest.mark.parametrize(
    ("name", "table"),
    [("calls", CALL_TRANSITIONS), ("messages", MESSAGE_TRANSITIONS)],
    ids=["calls", "messages"],
)
def test_the_state_tables_of_the_documents_are_those_of_the_code(
    name: str, table: dict[tuple[AttemptState, AttemptEvent], Row]
) -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert between(name, text) == state_table(table)


def state_table(table: dict[tuple[AttemptState, AttemptEvent], Row]) -> str:
    """Markdown with a line for each state and a column for each event; `·` where it stays as it is."""
    states = list(dict.fromkeys(state for state, _ in table))
    events = [event for event in AttemptEvent if any(event is other for _, other in table)]
    lines = ["| |" + "".join(f" {event.value} |" for event in events), "|---|" + "---|" * len(events)]
    for state in states:
        cells = [
            "" if row is None else "·" if row.state is state else row.state.value
            for row in (table.get((state, event)) for event in events)
        ]
        lines.append(f"| **{state.value}** |" + "".join(f" {cell} |" for cell in cells))
    return "\n".join(lines) + "\n"
