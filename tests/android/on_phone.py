"""The inside of a process that believes to run on a phone. Imported nowhere else.

As a pytest plugin (`-p tests.android.on_phone`) it gives tests the fixture `phone`; as a program
(`python -m tests.android.on_phone program.py …`) it runs a program. Both find real pyjnius on a real JVM with
the stand-ins in its class path, and a package `android` made of python-for-android's own modules.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import jnius_config
import pytest

if TYPE_CHECKING:
    from tests.android.phone import Phone

CONFIG = {
    "ACTIVITY_CLASS_NAME": "org.kivy.android.PythonActivity",
    "ACTIVITY_CLASS_NAMESPACE": "org/kivy/android/PythonActivity",
    "JAVA_NAMESPACE": "org.kivy.android",
    "JNI_NAMESPACE": "org/kivy/android",
    "SERVICE_CLASS_NAME": "org.kivy.android.PythonService",
}
"""What the Android build writes into an app's `android/config.py`, for its bootstrap `sdl2`."""


def begin() -> None:
    """Start the JVM and put the package `android` in its place."""
    if "jnius" in sys.modules:
        return
    # -Xrs: the signals that end a program stay with Python and pytest.
    jnius_config.set_options("-Xrs", "-Xmx96m", "-XX:TieredStopAtLevel=1")
    # What a crash leaves is kept beside the classes, and no image of the whole memory.
    report = Path(os.environ["RINGPROOF_STAND_INS"]).with_name("crash.log")
    jnius_config.add_options("-XX:-CreateCoredumpOnCrash", f"-XX:ErrorFile={report}")
    jnius_config.set_classpath(os.environ["RINGPROOF_STAND_INS"])
    package = ModuleType("android")
    package.__path__ = [os.environ["RINGPROOF_ANDROID_GLUE"]]
    config = ModuleType("android.config")
    vars(config).update(CONFIG)
    sys.modules.update({"android": package, "android.config": config})
    # Not earlier: to import the bridge is to start the JVM.
    import_module("jnius").autoclass("org.ringproof.standin.Phone").reset()


def pytest_configure(config: Any) -> None:
    begin()


@pytest.fixture
def phone() -> Iterator[Phone]:
    """A phone that starts over, and that no test may leave crashed or with threads and receivers behind."""
    phone: Phone = import_module("tests.android.phone").Phone()
    phone.reset()
    yield phone
    phone.settle()
    gc.collect()
    assert phone.crashes() == []
    assert phone.receivers() == 0, "a receiver was left registered"
    assert phone.open_cursors() == 0, "a cursor was left open"
    phone.wait_for(lambda: phone.looper_threads() == 0, "a thread with a looper was left running")


def main() -> None:
    """Run a program with its arguments."""
    begin()
    del sys.argv[0]
    sys.path.insert(0, str(Path(sys.argv[0]).parent))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
