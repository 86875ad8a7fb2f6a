"""`apps webhook`, `apps hook`, `webhooks`: what back ends are told and asked, and what they have not got."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import click

from ringproof_server.cli.apps import apps
from ringproof_server.cli.terminal import (
    console,
    json_option,
    open_node,
    print_json,
    print_table,
    refuse,
    refusing,
)
from ringproof_server.domain.webhook import Hook, OnTimeout, SealedSecret, Webhook
from ringproof_server.ports import OutboxItem

MOST_LISTED = 1000
_EVENT_COLUMNS = ("id", "application", "kind", "state", "tries", "written_at", "due_at")


@apps.group("webhook")
def webhook() -> None:
    """Where the back end of an application hears of its verifications."""


@webhook.command("set")
@click.argument("application")
@click.argument("url")
@json_option
@refusing
def set_webhook(application: str, url: str, *, as_json: bool) -> None:
    """Send the events of an application to this https URL; a new secret is shown this once."""
    node = open_node()
    found = node.administration.application(application)
    _print_secret(node.endpoints.set_webhook(found.id, url), as_json=as_json)


@webhook.command("show")
@click.argument("application")
@json_option
@refusing
def show_webhook(application: str, *, as_json: bool) -> None:
    """Show where events go, and whether the receiver has said that it is gone."""
    found = open_node().administration.application(application).webhook
    disabled = None if found is None or found.disabled_at is None else _spell(found.disabled_at)
    _show("webhook", found, {"disabled_at": disabled}, as_json=as_json)


@webhook.command("rotate")
@click.argument("application")
@json_option
@refusing
def rotate_webhook(application: str, *, as_json: bool) -> None:
    """Make a new secret, shown this once; the old one goes on signing beside it for a day."""
    node = open_node()
    found = node.administration.application(application)
    _print_secret(node.endpoints.rotate_webhook(found.id), as_json=as_json)


@webhook.command("remove")
@click.argument("application")
@refusing
def remove_webhook(application: str) -> None:
    """Send no events any more; those on their way are given up."""
    node = open_node()
    node.endpoints.remove_webhook(node.administration.application(application).id)
    console.print("No events are sent any more.")


@apps.group("hook")
def hook() -> None:
    """Where the back end of an application decides about each start."""


@hook.command("set")
@click.argument("application")
@click.argument("url")
@click.option("--timeout", type=float, default=1.0, show_default=True, help="Seconds, at most 2.")
@click.option(
    "--on-timeout",
    type=click.Choice([value.value for value in OnTimeout]),
    default=OnTimeout.ALLOW.value,
    show_default=True,
    help="What happens to a start that is not decided in time.",
)
@json_option
@refusing
def set_hook(application: str, url: str, timeout: float, on_timeout: str, *, as_json: bool) -> None:
    """Ask at this https URL before each start; a new secret is shown this once."""
    node = open_node()
    found = node.administration.application(application)
    secret = node.endpoints.set_hook(found.id, url, timeout=timeout, on_timeout=OnTimeout(on_timeout))
    _print_secret(secret, as_json=as_json)


@hook.command("show")
@click.argument("application")
@json_option
@refusing
def show_hook(application: str, *, as_json: bool) -> None:
    """Show where starts are decided, and what happens without an answer."""
    found = open_node().administration.application(application).hook
    more = {} if found is None else {"timeout": found.timeout, "on_timeout": found.on_timeout.value}
    _show("hook", found, more, as_json=as_json)


@hook.command("rotate")
@click.argument("application")
@json_option
@refusing
def rotate_hook(application: str, *, as_json: bool) -> None:
    """Make a new secret, shown this once; the old one goes on signing beside it for a day."""
    node = open_node()
    found = node.administration.application(application)
    _print_secret(node.endpoints.rotate_hook(found.id), as_json=as_json)


@hook.command("remove")
@click.argument("application")
@refusing
def remove_hook(application: str) -> None:
    """Ask nobody any more before a start."""
    node = open_node()
    node.endpoints.remove_hook(node.administration.application(application).id)
    console.print("Starts are not asked about any more; every process knows within five seconds.")


@click.group()
def webhooks() -> None:
    """Events on their way to the back ends of applications."""


@webhooks.command("list")
@click.option("--app", "application", help="Of this application only, by its name or id.")
@click.option("--failed", is_flag=True, help="Only those that were given up.")
@click.option("--limit", type=click.IntRange(1, MOST_LISTED), default=50, show_default=True)
@json_option
@refusing
def list_events(application: str | None, limit: int, *, failed: bool, as_json: bool) -> None:
    """List the newest events and what became of them."""
    node = open_node()
    of = None if application is None else node.administration.application(application).id
    rows = [_row(item) for item in node.endpoints.events(limit, application_id=of, failed=failed)]
    if as_json:
        print_json(rows)
        return
    print_table(list(_EVENT_COLUMNS), ([str(row[name] or "") for name in _EVENT_COLUMNS] for row in rows))


@webhooks.command("redeliver")
@click.option("--verification", help="All events of this verification (vrf_…).")
@click.option("--since", help="All events since then: 90m, 24h, 7d, or a time such as 2027-01-31T12:00:00Z.")
@click.option("--all-failed", is_flag=True, help="All events that were given up.")
@click.option("--app", "application", help="Of this application only, by its name or id.")
@json_option
@refusing
def redeliver(
    verification: str | None, since: str | None, application: str | None, *, all_failed: bool, as_json: bool
) -> None:
    """Send events once more, in their order and under the same ids."""
    node = open_node()
    if sum((verification is not None, since is not None, all_failed)) != 1:
        refuse("say which events: --verification, --since or --all-failed")
    of = None if application is None else node.administration.application(application).id
    count = node.endpoints.send_again(
        verification_id=verification,
        application_id=of,
        since=None if since is None else _moment(since, node.parts.clock.now()),
        failed=all_failed,
    )
    if as_json:
        print_json({"events": count})
    else:
        console.print(f"{count} events are sent once more.")


def _moment(text: str, now: datetime) -> datetime:
    """A time in ISO 8601, UTC where it names no zone, or a length of time before now."""
    units = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
    if text[-1:] in units and text[:-1].isascii() and text[:-1].isdecimal() and len(text) <= 6:
        return now - int(text[:-1]) * units[text[-1]]
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        refuse("--since is a length of time such as 90m, 24h or 7d, or a time such as 2027-01-31T12:00:00Z")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _print_secret(secret: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"secret": secret})
    elif secret is None:
        console.print("It is signed with the same secret as before.")
    else:
        console.print(secret, soft_wrap=True)
        console.print("The secret is stored encrypted and cannot be shown again.")


def _show(what: str, found: Webhook | Hook | None, more: Mapping[str, object], *, as_json: bool) -> None:
    if found is None:
        refuse(f"the application has no {what}; give it one with: apps {what} set")
    shown = {"url": found.url, **more, "secrets": [_secret_row(one) for one in found.secrets]}
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        told = len(found.secrets) if name == "secrets" else "-" if value is None else value
        console.print(f"{name}: {told}", soft_wrap=True)


def _secret_row(secret: SealedSecret) -> dict[str, str | None]:
    return {"retires_at": None if secret.retires_at is None else _spell(secret.retires_at)}


def _row(item: OutboxItem) -> dict[str, object]:
    return {
        "id": item.id,
        "application": item.event.application_id,
        "verification": item.event.verification_id,
        "kind": item.event.kind.value,
        "state": _state(item),
        "tries": item.tries,
        "written_at": _spell(item.created_at),
        "due_at": None if item.due_at is None else _spell(item.due_at),
    }


def _state(item: OutboxItem) -> str:
    if item.delivered_at is not None:
        return "delivered"
    if item.gave_up_at is not None:
        return "given up"
    return "waiting" if item.due_at is None else "due"


def _spell(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
