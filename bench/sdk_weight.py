"""`python -m bench.sdk_weight [PYTHON …]`: what importing the SDK costs an app over bare Python.

Time and memory of some imports, each in fresh interpreters in turn: the package alone, everything that a
verification uses, TLS included, the same of Python's own library without us, and all that with the phone's
own part, short of a JVM. The goal is at most 60 ms and 12 MB for the import of the package. Times are of the
processor, so that other programs on the machine add little, and the least of the rounds on the clock stands
beside them. Interpreters are the running one and every `python3.10` to `python3.14` on the PATH, or those
that are named.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[1] / "client_sdk" / "src"
ROUNDS: Final = 15
MOST_MS: Final = 60.0
MOST_MB: Final = 12.0
ALL: Final = """
import ringproof.calls, ringproof._flow, json, http.client, urllib.request
from ringproof._transport import default_ssl_context
default_ssl_context()
"""
PYTHONS_OWN: Final = """
import json, http.client, ssl, urllib.request
try:
    import certifi
    ssl.create_default_context(cafile=certifi.where())
except ImportError:
    ssl.create_default_context()
"""
IMPORTS: Final = {
    "import ringproof": "import ringproof",
    "Python's own HTTPS and JSON alone": PYTHONS_OWN,
    "all that a verification loads, TLS too": f"import ringproof{ALL}",
    "with ringproof.android": f"""import ringproof{ALL}
import ringproof.android
for name in ringproof.android.__all__:
    getattr(ringproof.android, name)
""",
}
# The interpreter's own start is no part of the figure: everything is taken inside it, before and after.
PROGRAM: Final = """
import sys, time
sys.path.insert(0, sys.argv[1])

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

before, began, used = resident(), time.perf_counter(), time.process_time()
exec(sys.argv[2])
spent = time.process_time() - used, time.perf_counter() - began
print(spent[0] * 1000, spent[1] * 1000, (resident() - before) / 1e6, *sys.version_info[:3])
"""


@dataclass(frozen=True, slots=True)
class Weight:
    """What one import has cost: of the processor, on the clock, of memory."""

    processor_ms: float
    wall_ms: float
    mb: float


def interpreters(named: Sequence[str]) -> list[str]:
    """Those that start."""
    wanted = named or [sys.executable, *(f"python3.{minor}" for minor in range(10, 15))]
    found: dict[str, str] = {}
    for name in wanted:
        program = shutil.which(name)
        if program is None:
            continue
        said = subprocess.run(
            [program, "-I", "-c", "import json, sys; print(json.dumps([sys.version, sys.executable]))"],
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode == 0:
            version, executable = json.loads(said.stdout)
            found.setdefault(version, executable)
    return list(found.values())


def measure(programs: Sequence[str]) -> dict[tuple[str, str], list[Weight]]:
    """By Python and import, what every round has cost; the rounds take turns."""
    found: dict[tuple[str, str], list[Weight]] = {}
    for turn in range(ROUNDS + 1):
        for program in programs:
            for name, code in IMPORTS.items():
                said = subprocess.run(
                    [program, "-I", "-c", PROGRAM, str(SOURCE), code],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                *figures, major, minor, micro = said.stdout.split()
                if turn:  # The first round writes what Python has compiled.
                    weight = Weight(*(float(figure) for figure in figures))
                    found.setdefault((f"{major}.{minor}.{micro}", name), []).append(weight)
    return found


def report(found: dict[tuple[str, str], list[Weight]]) -> None:
    """The middle of each, the least time on the clock, and the most memory."""
    print(f"\nImporting the SDK, over bare Python; goal {MOST_MS:.0f} ms, {MOST_MB:.0f} MB; {ROUNDS} rounds")
    print(f"{'Python':<9}{'':<40}{'CPU ms':>8}{'wall ms':>9}{'MB':>7}{'most MB':>9}")
    for (version, name), rounds in found.items():
        processor = statistics.median(each.processor_ms for each in rounds)
        wall = min(each.wall_ms for each in rounds)
        size, most = statistics.median(each.mb for each in rounds), max(each.mb for each in rounds)
        print(f"{version:<9}{name:<40}{processor:8.1f}{wall:9.1f}{size:7.1f}{most:9.1f}")


def main() -> None:
    """Weigh for the interpreters that are named, or for all that are found."""
    report(measure(interpreters(sys.argv[1:])))


if __name__ == "__main__":
    main()
