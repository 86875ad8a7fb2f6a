"""How long a comparison takes must not tell how much of a secret was right."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.architecture.sources import Source, shipped

SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:digest|signature|mac|hmac|hash|hashed|verifier|passcode|otp|secret|password|nonce|caller_id)$"
    r"|^(?:code|expected_code|token|key_text|last_digits)$"
)
PUBLIC: Final[dict[str, str]] = {
    "client_sdk/src/ringproof/_tokens.py nonce": "what the back end itself asked for, and signed claims",
    "client_sdk/src/ringproof/android/_message_text.py app_hash": "what marks an app in every message to it",
    "client_sdk/src/ringproof/testing/_server.py code": "a stand-in server, whose code the test chose",
    "server/src/ringproof_server/web/assets.py digest": "the digest of a file that everybody may read",
    "server/src/ringproof_server/web/assets.py _digest": "the digest of a file that everybody may read",
}
"""Comparisons of something that is called like a secret but is none, each with its reason."""


def test_nothing_secret_is_compared_with_the_equals_sign() -> None:
    """`hmac.compare_digest` takes the same time for every wrong value."""
    assert not {str(found): name for source in shipped() for found, name in _comparisons(source)}


def test_evidence_and_references_are_judged_by_compare_digest() -> None:
    by_name = {source.path.name: source.text for source in shipped()}
    assert all("compare_digest(" in by_name[module] for module in ("caller_id.py", "code.py", "seals.py"))


def _comparisons(source: Source) -> list[tuple[str, str]]:
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Compare):
            continue
        if not any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) or _is_sql(side) for side in sides):
            continue
        names = [name for side in sides if (name := _name(side)) and SECRET_NAME.search(name)]
        found += [
            (f"{source}:{node.lineno}: {ast.unparse(node)}", name)
            for name in names
            if f"{source} {name}" not in PUBLIC
        ]
    return found


def _is_sql(node: ast.expr) -> bool:
    """A column looked up by a keyed digest: nobody can choose a digest that is nearly right."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "bindparam"


def _name(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Attribute(attr=name)):
            return name
        case _:
            return None
