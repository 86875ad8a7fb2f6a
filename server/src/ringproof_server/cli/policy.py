"""`apps policy`: the rules that an application has for itself."""

from __future__ import annotations

import click

from ringproof_server.app import Node
from ringproof_server.cli.terminal import (
    console,
    json_option,
    open_node,
    print_json,
    print_table,
    refuse,
    refusing,
)
from ringproof_server.domain.policy import POLICY_FIELDS, Policy
from ringproof_server.settings import PREFIX, read_field, spell

_SOON = "Every process knows within a few seconds."


@click.group("policy")
def policy() -> None:
    """The rules that an application has for itself; all others are the server's."""


@policy.command("set")
@click.argument("application")
@click.argument("name")
@click.argument("value")
@refusing
def set_rule(application: str, name: str, value: str) -> None:
    """Set the rule NAME, such as workflow, to VALUE, written like the server's own setting of that name."""
    node = open_node()
    name = _rule(name)
    try:
        wanted = read_field(name, value)
    except ValueError as fault:
        refuse(f"{name} {fault}")
    _give(node, application, name, wanted)


@policy.command("remove")
@click.argument("application")
@click.argument("name")
@refusing
def remove_rule(application: str, name: str) -> None:
    """Use the server's rule again."""
    node = open_node()
    name = _rule(name)
    found, common = node.administration.application(application), getattr(node.settings.policy, name)
    if getattr(found.policy, name) == common:
        refuse(f"the application has no rule of its own for {name!r}")
    _give(node, application, name, common)


@policy.command("show")
@click.argument("application")
@json_option
@refusing
def show_rules(application: str, *, as_json: bool) -> None:
    """Show the rules that differ from the server's."""
    node = open_node()
    own = _own_rules(node.administration.application(application).policy, node.settings.policy)
    if as_json:
        print_json(own)
        return
    print_table(("rule", "value"), own.items())


def _rule(name: str) -> str:
    """The rule of this name, which may be written like the server's setting, `RINGPROOF_TTL` for `ttl`."""
    rule = name.lower().removeprefix(PREFIX.lower())
    if rule not in POLICY_FIELDS:
        refuse(f"there is no rule {name[:40]!r}; there are {', '.join(POLICY_FIELDS)}")
    return rule


def _give(node: Node, application: str, name: str, value: object) -> None:
    node.administration.set_policy(node.administration.application(application).id, name, value)
    console.print(_SOON)


def _own_rules(own: Policy, common: Policy) -> dict[str, str]:
    return {
        name: spell(getattr(own, name))
        for name in POLICY_FIELDS
        if getattr(own, name) != getattr(common, name)
    }
