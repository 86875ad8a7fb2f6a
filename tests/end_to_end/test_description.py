"""The running server does what its own description says, whatever is sent to it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.support.servers import Server

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ensure_resource_availability",
    "ignored_auth",
)
"""Not `positive_data_acceptance`: a schema cannot say which numbers are assigned or which phone is in a call.
Not `use_after_free`: a cancelled verification can still be read."""
SECONDS = 30


def test_the_running_server_keeps_to_its_description(server: Server, tmp_path: Path) -> None:
    """Schemathesis with examples, edge cases, random requests and sequences of requests: no failures."""
    tenant = server.tenant("schemathesis")
    done = subprocess.run(
        [
            Path(sys.executable).with_name("st"),
            "run",
            f"{server.url}/openapi.json",
            f"--header=Authorization: Bearer {tenant.secret}",
            f"--checks={','.join(CHECKS)}",
            "--phases=examples,coverage,fuzzing,stateful",
            "--max-examples=12",
            f"--max-time={SECONDS}",
            "--seed=1",
            "--workers=1",
            "--generation-database=none",
            "--no-color",
        ],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS * 4,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    counts = re.search(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)", done.stdout)
    generated = re.search(r"(\d+) generated", done.stdout)
    assert counts is not None
    assert generated is not None
    assert counts[1] == counts[2] == counts[3]
    assert int(counts[1]) > 10
    assert int(generated[1]) > 500
    print(f"{counts[3]} operations, {generated[0]}")
