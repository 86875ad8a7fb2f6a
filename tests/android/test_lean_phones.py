"""Apps that were built without some of the libraries, and phones that are too old for some of the classes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.android import jvm

PROGRAM = """
import jnius
jnius.autoclass("org.ringproof.standin.Phone").setSdk({sdk})

from ringproof._calls import CodeRequest, Ready
from ringproof.android import AndroidCodes, ScreeningFeed, sms_app_hash, suggest_number
from ringproof.android._bridge.screening import PhoneScreening

numbers, codes, readiness = [], [], []
suggest_number(numbers.append)
assert numbers == [None]

field = AndroidCodes(app_hash=sms_app_hash())
assert (sms_app_hash(), field.app_hash) == ("KVjPWAPR+7d", None)
field.start(codes.append)
field.ask(CodeRequest("sms", 6))
assert field.way is None
field.enter("604127")
assert [code.source for code in codes] == ["manual"]
field.stop()

screening = PhoneScreening()
assert (screening.available(), screening.held(), list(screening.remembered())) == (False, False, [])
feed = ScreeningFeed(screening)
feed.prepare(readiness.append)
assert readiness == [Ready(usable=False, missing=("ROLE_CALL_SCREENING",))]
feed.start(codes.append)
feed.stop()
print("all fell back")
"""

GOOGLE = [
    "com/google/android/gms/auth/api/phone/SmsRetriever.class",
    "com/google/android/gms/auth/api/identity/Identity.class",
]
SERVICE = ["org/ringproof/android/CallScreening.class"]
ROLES = ["android/app/role/RoleManager.class", "org/ringproof/standin/Service_role.class"]


@pytest.mark.parametrize(
    ("sdk", "without"), [(35, [*GOOGLE, *SERVICE]), (28, [*GOOGLE, *ROLES])], ids=["lean app", "Android 9"]
)
def test_what_is_not_there_is_done_without(tmp_path: Path, sdk: int, without: list[str]) -> None:
    """No library, no service, no role: the field is there, the number is typed, nothing is raised."""
    here = tmp_path / "classes"
    shutil.copytree(jvm.classes(), here)
    for name in without:
        (here / name).unlink()
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(sdk=sdk))
    done = subprocess.run(
        [sys.executable, "-m", "tests.android.on_phone", str(program)],
        cwd=jvm.CHECKOUT,
        env={
            **os.environ,
            "RINGPROOF_STAND_INS": str(here),
            "RINGPROOF_ANDROID_GLUE": str(jvm.python_glue()),
            "PYTHONPATH": str(jvm.CHECKOUT),
        },
        capture_output=True,
        text=True,
        timeout=jvm.RUN_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "all fell back\n"), done.stderr


def test_the_java_that_ships_is_clean_at_java_8(tmp_path: Path) -> None:
    """It compiles against the stand-ins for the level of the Android build, without one warning."""
    compiler = shutil.which("javac")
    classes = jvm.classes()
    assert compiler is not None
    sources = [str(file) for file in sorted(jvm.SHIPPED.rglob("*.java"))]
    assert sources
    command = [compiler, "--release", "8", "-Xlint:all,-options", "-Werror", "-cp", str(classes)]
    done = subprocess.run(
        [*command, "-d", str(tmp_path), *sources],
        capture_output=True,
        text=True,
        timeout=jvm.COMPILE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
