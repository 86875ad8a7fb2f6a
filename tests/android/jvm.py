"""Real Java for the phone's half of the SDK: stand-ins for Android, and programs in processes apart.

The stand-ins, compiled once, are the `.java` files under `stand_ins/java`: those in `android.*`,
`com.google.*` and `org.kivy.*` have the names and rules of the real ones, those in `org.ringproof.standin`
let a test be the phone, the network and the person. The glue that python-for-android puts into every app,
in Java and in Python, comes unchanged from its wheel, and the Java that the SDK ships is compiled along, all
for Java 8 as in an app. A further stand-in needs nothing but its file.

A JVM never lives in the process of the tests: what needs one is run by `run_program` or `run_inner`, whose
exit code tells whether it survived. Without a compiler or the bridge they skip, but never in CI.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

CHECKOUT: Final = Path(__file__).resolve().parents[2]
STAND_INS: Final = Path(__file__).parent / "stand_ins" / "java"
SHIPPED: Final = CHECKOUT / "client_sdk" / "src" / "ringproof" / "android" / "java"
CACHE: Final = CHECKOUT / ".cache" / "android_stand_ins"
INNER: Final = Path(__file__).parent / "inner"

COMPILE_SECONDS: Final = 180
RUN_SECONDS: Final = 240

_GLUE: Final = "bootstraps/common/build/src/main/java/org/kivy/android"
_GLUED: Final = ("GenericBroadcastReceiver.java", "GenericBroadcastReceiverCallback.java")
_MODULES: Final = "recipes/android/src/android"
_PASSED: Final = re.compile(r"(\d+) passed")


def missing(reason: str) -> None:
    """Skip for this reason, but never in CI."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def android_build() -> Path:
    """The folder of the installed python-for-android."""
    spec = find_spec("pythonforandroid")
    if spec is None or spec.origin is None:
        missing("python-for-android is not installed; it is in the development dependencies")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def python_glue() -> Path:
    """Where the Python modules lie that apps know as the package `android`."""
    return android_build() / _MODULES


def sources() -> list[Path]:
    """Every Java file there is: stand-ins, the build's glue, what the SDK ships."""
    glue = [android_build() / _GLUE / name for name in _GLUED]
    return [*sorted(STAND_INS.rglob("*.java")), *glue, *sorted(SHIPPED.rglob("*.java"))]


def classes() -> Path:
    """The folder of the compiled classes; compiled anew only when a source has changed."""
    compiler = shutil.which("javac")
    if compiler is None:
        missing("there is no Java compiler; on Debian: apt-get install default-jdk-headless")
    assert compiler is not None
    if find_spec("jnius") is None:
        missing("pyjnius is not installed; it is in the development dependencies")
    files = sources()
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    folder = CACHE / digest.hexdigest()[:24]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _compile(compiler, files, folder)
    return folder


def _compile(compiler: str, files: Sequence[Path], folder: Path) -> None:
    unfinished = folder.with_suffix(f".{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    # Java 8 is what the Android build compiles for; newer compilers warn that it is old.
    command = [compiler, "--release", "8", "-Xlint:-options", "-encoding", "UTF-8", "-d", str(unfinished)]
    done = subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False
    )
    if done.returncode != 0:
        shutil.rmtree(unfinished)
        pytest.fail(f"the Java sources do not compile:\n{done.stderr}")
    for old in CACHE.iterdir():
        # Another process may still run with the last ones; what is a day old serves nobody.
        if old.is_dir() and time.time() - old.stat().st_mtime > 86_400:
            shutil.rmtree(old, ignore_errors=True)
    unfinished.rename(folder)


@dataclass(frozen=True)
class Outcome:
    """What a process printed before it ended well, and how long it took, in seconds."""

    output: str
    seconds: float

    @property
    def passed(self) -> int:
        """How many tests passed in it."""
        found = _PASSED.search(self.output)
        return int(found[1]) if found else 0


def _run(arguments: Sequence[str], seconds: float) -> Outcome:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "RINGPROOF_STAND_INS": str(classes()),
        "RINGPROOF_ANDROID_GLUE": str(python_glue()),
        "PYTHONPATH": os.pathsep.join(
            [str(CHECKOUT), str(CHECKOUT / "mobile_demo"), os.environ.get("PYTHONPATH", "")]
        ),
        "PYTHONUNBUFFERED": "1",
    }
    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else str(late.stdout)
        pytest.fail(f"the process with the JVM did not end:\n{said[-6000:]}")
    if done.returncode != 0:
        kind = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        pytest.fail(f"the process with the JVM ended with {kind}:\n{done.stdout[-12000:]}")
    # What it printed is searched for secrets like everything else.
    print(done.stdout)
    return Outcome(done.stdout, time.monotonic() - began)


def run_program(program: Path, *arguments: str, seconds: float = RUN_SECONDS) -> Outcome:
    """Run a Python program on the stand-ins; a crash, a timeout or an exit code other than 0 fails."""
    return _run(["-m", "tests.android.on_phone", str(program), *arguments], seconds)


def run_inner(module: Path, *, seconds: float = RUN_SECONDS) -> Outcome:
    """Run a module of tests by a pytest of its own on the stand-ins; it must pass, whole and not empty."""
    options = ["--noconftest", "-q", "-rA", "--tb=short", "-p", "tests.android.on_phone"]
    # The JVM uses SIGSEGV in ordinary life, which pytest's fault handler takes for the end of the world.
    options += ["-p", "no:faulthandler", "-p", "no:cacheprovider", "-p", "no:xdist"]
    outcome = _run(["-m", "pytest", *options, str(module)], seconds)
    assert outcome.passed > 0, f"nothing was tested:\n{outcome.output}"
    assert " skipped" not in outcome.output, outcome.output
    return outcome
