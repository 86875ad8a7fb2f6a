"""`python -m bench`: every measurement, one after another, in about three minutes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from bench import sdk_weight, start_latency, verification_cost, zero_touch


def main() -> None:
    began = time.monotonic()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f} before; below 0.5 the figures say most")
    with tempfile.TemporaryDirectory(prefix="ringproof-bench-") as folder:
        start_latency.report(start_latency.measure(Path(folder)))
        verification_cost.report(*verification_cost.measure(Path(folder)))
        zero_touch.report(zero_touch.measure(Path(folder)))
    sdk_weight.report(sdk_weight.measure([sys.executable]))
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
