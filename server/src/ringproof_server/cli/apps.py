"""`apps`: applications and their keys."""

from __future__ import annotations

import click

from ringproof_server.cli.terminal import (
    console,
    json_option,
    open_node,
    print_json,
    print_table,
    refusing,
)
from ringproof_server.domain.application import KeyKind


@click.group()
def apps() -> None:
    """Applications and their keys."""


@apps.command("create")
@click.argument("name")
@click.option("--brand", help="What people read and hear, at most 24 characters; the name by default.")
@click.option("--origin", "origins", multiple=True, help="A web origin that may call the API; repeatable.")
@json_option
@refusing
def create(name: str, brand: str | None, origins: tuple[str, ...], *, as_json: bool) -> None:
    """Create an application with its two first keys, which are shown this once."""
    node = open_node()
    made = node.administration.create_application(name, brand=brand, allowed_origins=origins)
    if as_json:
        print_json(
            {
                "id": made.application.id,
                "name": made.application.name,
                "brand": made.application.brand,
                "publishable_key": made.publishable_key,
                "secret_key": made.secret_key,
            }
        )
        return
    console.print(f"Application [bold]{made.application.name}[/] ({made.application.id})")
    console.print(f"  publishable key, for apps and pages:  {made.publishable_key}", soft_wrap=True)
    console.print(f"  secret key, for back ends only:       {made.secret_key}", soft_wrap=True)
    console.print("The keys are stored as hashes and cannot be shown again.")


@apps.command("list")
@json_option
@refusing
def list_applications(*, as_json: bool) -> None:
    """List the applications."""
    node = open_node()
    rows = [
        {
            "id": item.id,
            "name": item.name,
            "brand": item.brand,
            "pool": node.administration.pool_size(item.id),
            "created_at": item.created_at.isoformat(timespec="seconds"),
        }
        for item in node.administration.applications()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        list(_APPLICATION_COLUMNS), ([str(row[name]) for name in _APPLICATION_COLUMNS] for row in rows)
    )


@apps.group("keys")
def app_keys() -> None:
    """The API keys of an application."""


@app_keys.command("list")
@click.argument("application")
@json_option
@refusing
def list_keys(application: str, *, as_json: bool) -> None:
    """List the keys of an application by its name or id; their texts are not known any more."""
    node = open_node()
    found = node.administration.application(application)
    rows = [
        {
            "id": key.id,
            "kind": key.kind.value,
            "begins": key.hint + "…",
            "created_at": key.created_at.isoformat(timespec="seconds"),
            "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(timespec="seconds"),
        }
        for key in node.administration.keys(found.id)
    ]
    if as_json:
        print_json(rows)
        return
    print_table(list(_KEY_COLUMNS), ([str(row[name] or "") for name in _KEY_COLUMNS] for row in rows))


@app_keys.command("create")
@click.argument("application")
@click.option("--kind", type=click.Choice([kind.value for kind in KeyKind]), required=True)
@json_option
@refusing
def create_key(application: str, kind: str, *, as_json: bool) -> None:
    """Make one more key; it is shown this once."""
    node = open_node()
    found = node.administration.application(application)
    text = node.administration.new_key(found.id, KeyKind(kind))
    if as_json:
        print_json({"kind": kind, "key": text})
    else:
        console.print(text, soft_wrap=True)


@app_keys.command("revoke")
@click.argument("key_id")
@refusing
def revoke_key(key_id: str) -> None:
    """Take a key out of use, by its id."""
    open_node().administration.revoke_key(key_id)
    console.print("The key is revoked; every process stops taking it within five seconds.")


_APPLICATION_COLUMNS = ("id", "name", "brand", "pool", "created_at")
_KEY_COLUMNS = ("id", "kind", "begins", "created_at", "revoked_at")
