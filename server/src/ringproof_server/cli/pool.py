"""`pool`: the numbers that flash calls come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.progress import Progress

from ringproof_server.app import Node
from ringproof_server.cli.terminal import (
    console,
    json_option,
    notes,
    open_node,
    print_json,
    print_table,
    refuse,
    refusing,
)
from ringproof_server.domain.errors import CarrierError
from ringproof_server.ports import OwnsNumbers
from ringproof_server.service.administration import AT_A_TIME

application_option = click.option(
    "--app", "application", required=True, help="Name or id of the application."
)


@click.group()
def pool() -> None:
    """Caller-ID pools."""


@pool.command("add")
@click.argument("numbers", nargs=-1, required=True)
@application_option
@json_option
@refusing
def add(numbers: tuple[str, ...], application: str, *, as_json: bool) -> None:
    """Add numbers or ranges, such as +442079460000-+442079469999."""
    _add(open_node(), application, list(numbers), as_json=as_json)


@pool.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@application_option
@json_option
@refusing
def import_file(file: Path, application: str, *, as_json: bool) -> None:
    """Add the numbers or ranges of a text file, one in each line; # begins a comment."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        refuse(f"{file.name} is not a text file in UTF-8")
    numbers = [text for line in lines if (text := line.partition("#")[0].strip())]
    if not numbers:
        refuse(f"{file.name} holds no numbers")
    _add(open_node(), application, numbers, as_json=as_json)


@pool.command("remove")
@click.argument("numbers", nargs=-1, required=True)
@application_option
@refusing
def remove(numbers: tuple[str, ...], application: str) -> None:
    """Remove numbers or ranges."""
    node = open_node()
    found = node.administration.application(application)
    gone = node.administration.remove_numbers(found.id, numbers)
    console.print(f"{gone} numbers removed, {node.administration.pool_size(found.id)} left.")


@pool.command("list")
@application_option
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--after", default="", help="List what comes after this number.")
@json_option
@refusing
def list_numbers(application: str, limit: int, after: str, *, as_json: bool) -> None:
    """List the numbers of a pool in order."""
    node = open_node()
    found = node.administration.application(application)
    listing = node.administration.pool_listing(found.id, limit, after)
    if as_json:
        print_json([{"number": item.e164, "healthy": item.healthy} for item in listing])
        return
    print_table(["number", "healthy"], ([item.e164, "yes" if item.healthy else "no"] for item in listing))
    size = node.administration.pool_size(found.id)
    if len(listing) < size:
        notes.print(f"{len(listing)} of {size} shown; see --limit and --after")


@pool.command("sync")
@click.argument("carrier")
@application_option
@click.option("--remove", is_flag=True, help="Also take out what the carrier's account does not own.")
@json_option
@refusing
def sync(carrier: str, application: str, *, remove: bool, as_json: bool) -> None:
    """Add the numbers of the carrier's account that may place calls."""
    node = open_node()
    found = node.administration.application(application)
    owned = _owned(_owner(node, carrier), carrier, quiet=as_json)
    pooled = set(_pooled(node, found.id))
    if remove and not owned:
        refuse(f"the account of {carrier!r} owns no numbers; nothing is taken out")
    added = sum(node.administration.add_numbers(found.id, sorted(owned - pooled)))
    foreign = sorted(pooled - owned)
    removed = _remove(node, found.id, foreign) if remove else 0
    counts = {
        "owned": len(owned),
        "added": added,
        "removed": removed,
        "not_owned": len(foreign) - removed,
        "size": node.administration.pool_size(found.id),
    }
    if as_json:
        print_json(counts)
        return
    print_table(
        ["carrier", "owned", "added", "removed", "not owned", f"in the pool of {found.name}"],
        [[carrier, *map(str, counts.values())]],
    )
    if counts["not_owned"]:
        notes.print(f"{counts['not_owned']} numbers of the pool are not owned; --remove takes them out")


@pool.command("health")
@click.argument("number")
@application_option
@click.option("--good/--bad", "healthy", default=None, help="Whether the number may be drawn.")
@refusing
def health(number: str, application: str, *, healthy: bool | None) -> None:
    """Take a number out of the draw, or back in."""
    if healthy is None:
        refuse("say whether the number may be drawn: --good or --bad")
    node = open_node()
    found = node.administration.application(application)
    node.administration.set_health(found.id, number, healthy=healthy)
    console.print("The number may be drawn again." if healthy else "The number is not drawn any more.")


def _owner(node: Node, name: str) -> OwnsNumbers:
    """The carrier of this name, or the one inside its guard, if it lists its numbers."""
    carrier = node.parts.carriers.get(name)
    if carrier is None:
        configured = ", ".join(node.parts.carriers)
        refuse(f"the carrier {name!r} is not configured; configured are: {configured}")
    owner = carrier if isinstance(carrier, OwnsNumbers) else getattr(carrier, "inner", None)
    if not isinstance(owner, OwnsNumbers):
        refuse(f"the carrier {name!r} cannot list its numbers; use pool add or pool import")
    return owner


def _owned(owner: OwnsNumbers, name: str, *, quiet: bool) -> set[str]:
    """All its numbers; nothing is changed before the last one has come."""
    owned: set[str] = set()
    with Progress(console=notes, transient=True, disable=quiet or not notes.is_terminal) as progress:
        task = progress.add_task(f"Reading the numbers of {name}", total=None)
        try:
            for number in owner.owned_numbers():
                owned.add(number)
                progress.update(task, advance=1)
        except CarrierError as fault:
            refuse(f"the numbers of {name!r} cannot be read: {fault}")
    return owned


def _pooled(node: Node, application_id: str) -> Iterator[str]:
    last = ""
    while listing := node.administration.pool_listing(application_id, AT_A_TIME, last):
        yield from (item.e164 for item in listing)
        last = listing[-1].e164


def _remove(node: Node, application_id: str, numbers: Sequence[str]) -> int:
    return sum(
        node.administration.remove_numbers(application_id, numbers[start : start + AT_A_TIME])
        for start in range(0, len(numbers), AT_A_TIME)
    )


def _add(node: Node, application: str, numbers: list[str], *, as_json: bool) -> None:
    found = node.administration.application(application)
    portions = node.administration.add_numbers(found.id, numbers)
    added = 0
    with Progress(console=notes, transient=True, disable=as_json or not notes.is_terminal) as progress:
        task = progress.add_task("Adding numbers", total=None)
        for count in portions:
            added += count
            progress.update(task, advance=count)
    size = node.administration.pool_size(found.id)
    if as_json:
        print_json({"added": added, "size": size})
    else:
        console.print(f"{added} numbers added; the pool of {found.name} has {size}.")
