"""The package as a whole: its names, its weight, what it leans on."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import ringproof
from ringproof import calls, errors, testing
from ringproof._errors import RingproofError

SOURCE = Path(ringproof.__file__).parent


def python(code: str) -> str:
    """What a fresh interpreter prints; -I keeps this test's own path and settings out of it."""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("module", [ringproof, calls, errors, testing])
def test_every_promised_name_is_there(module: ModuleType) -> None:
    """`__all__` and `dir` tell the truth, also about names that are imported late."""
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Late imports do not hide typing mistakes."""
    with pytest.raises(AttributeError, match="Ringprof"):
        ringproof.Ringprof  # noqa: B018


def test_the_package_says_that_it_is_typed() -> None:
    """Type checkers of apps use the annotations."""
    assert (SOURCE / "py.typed").exists()


def test_every_error_is_exported_and_drawn_in_the_tree() -> None:
    """The picture in the docstring is complete."""
    drawing = sys.modules["ringproof._errors"].__doc__ or ""
    for name in errors.__all__:
        value = getattr(errors, name)
        if isinstance(value, type) and issubclass(value, RingproofError):
            assert name in drawing


def test_each_problem_has_a_class_of_its_own() -> None:
    """One class per slug, named after it."""
    for slug, kind in errors.PROBLEM_SLUGS.items():
        words = "".join(word.title() for word in slug.split("-"))
        assert kind.__name__ == f"{words}Error"
        assert issubclass(kind, errors.ProblemError)
    assert len(set(errors.PROBLEM_SLUGS.values())) == len(errors.PROBLEM_SLUGS) == 23


ALLOWED = {"ringproof", "certifi", "jwt", "cryptography"}
PHONE = {"jnius", "jnius_config", "android"}
"""The bridge to Java and the Android build's own modules, which are there on a phone only."""
BRIDGE = SOURCE / "android" / "_bridge"


def imports(path: Path) -> set[str]:
    """The modules that a file imports, in whatever function; relative ones do not occur."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
    return names


def test_the_source_names_only_the_standard_library() -> None:
    """certifi when there, PyJWT for back ends; nothing else, in no function of any module."""
    for path in SOURCE.rglob("*.py"):
        allowed = ALLOWED | PHONE if path.is_relative_to(BRIDGE) else ALLOWED
        for name in imports(path):
            top = name.partition(".")[0]
            assert top in sys.stdlib_module_names or top in allowed, f"{path.name} imports {name}"


def test_one_package_only_speaks_with_java() -> None:
    """Everything else of the phone's half is plain Python that runs and is tested anywhere."""
    speaks = {
        path for path in SOURCE.rglob("*.py") if {name.partition(".")[0] for name in imports(path)} & PHONE
    }
    assert speaks
    assert all(path.is_relative_to(BRIDGE) for path in speaks)


def test_nothing_outside_the_phones_half_imports_it() -> None:
    """Neither its plain Python nor its bridge: a desktop and a back end carry none of it."""
    phone = SOURCE / "android"
    for path in SOURCE.rglob("*.py"):
        if not path.is_relative_to(phone):
            assert not {name for name in imports(path) if name.startswith("ringproof.android")}, path.name


LOADED = """
import sys
before = set(sys.modules)
import ringproof, ringproof.calls, ringproof.errors, ringproof._flow, ringproof._terminal
from ringproof._transport import default_ssl_context
default_ssl_context()
after = set(sys.modules) - before
print(*sorted({name.partition(".")[0] for name in after} - set(sys.stdlib_module_names)))
"""


def test_a_fresh_interpreter_loads_nothing_else() -> None:
    """The import closure, TLS and terminal included, is the standard library and certifi when installed."""
    expected = {"ringproof", "certifi"} if find_spec("certifi") else {"ringproof"}
    assert set(python(LOADED).split()) <= expected | {"__mp_main__"}


def test_a_plain_import_loads_nothing_of_the_phones_half() -> None:
    """Nor do the parts of which sources are made."""
    loaded = python(
        "import sys, ringproof, ringproof.calls, ringproof._flow\n"
        "print(*(name for name in sys.modules if name.startswith('ringproof.android')))"
    )
    assert not loaded.split()


def test_the_plain_python_of_the_phones_half_loads_anywhere() -> None:
    """Without a phone its modules can be imported and say so; only the bridge cannot be had."""
    code = (
        "import sys; sys.modules['jnius'] = None\n"
        "from ringproof.android import AndroidCallSource, is_android\n"
        "import ringproof.android as android\n"
        "print(is_android(), *(getattr(android, name).__name__ for name in android.__all__))\n"
        "try: AndroidCallSource()\n"
        "except ImportError: print('no phone')\n"
    )
    said = python(code)
    assert said.startswith("False AndroidCallSource")
    assert said.splitlines()[-1] == "no phone"


def test_a_plain_import_loads_no_network() -> None:
    """An app that starts pays nothing for TLS, JSON and HTTP that it may never use."""
    heavy = {"ssl", "http", "urllib", "json", "email", "asyncio", "hashlib", "secrets", "argparse", "jwt"}
    loaded = python(
        "import sys; b = set(sys.modules); import ringproof; print(*(set(sys.modules) - b))"
    ).split()
    assert not {name.partition(".")[0] for name in loaded} & heavy


def test_only_an_app_on_a_phone_loads_the_phones_part() -> None:
    """Nothing else of the SDK imports it, not even late; it loads no Java before something is built."""
    imports = "import ringproof, ringproof.calls, ringproof.testing, ringproof._flow, ringproof._terminal"
    assert "ringproof.android" not in python(f"import sys; {imports}; print(*sys.modules)").split()
    loaded = python(
        "import sys, ringproof.android as phone\n"
        "for name in phone.__all__: getattr(phone, name)\n"
        "print(*sys.modules)"
    ).split()
    assert "ringproof.android" in loaded
    assert not [name for name in loaded if name.startswith(("jnius", "android", "ringproof.android._bridge"))]


def test_missing_pyjwt_is_explained() -> None:
    """The error says what to install."""
    code = (
        "import sys; sys.modules['jwt'] = None\n"
        "from ringproof import verify_token\n"
        "try: verify_token('x', jwks={}, issuer='i', audience='a')\n"
        "except ImportError as error: print(error)\n"
    )
    assert "ringproof[backend]" in python(code)
