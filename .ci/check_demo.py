"""Runs `make demo ONCE=1` as a person would, and checks what it promises: the last line is a valid token."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any
from urllib.request import urlopen

from ringproof import VerifiedPhone, verify_token

LONGEST_RUN = 120.0


def main() -> None:
    """Exit code 0 if the token holds under the keys that the demo's server published while it ran."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    began = time.monotonic()
    demo = subprocess.Popen(  # noqa: S603
        ["make", "--no-print-directory", "demo", "ONCE=1", f"PORT={port}"],  # noqa: S607
        stdout=subprocess.PIPE,
        text=True,
    )
    keys = published_keys(demo, f"{base}/.well-known/jwks.json", began + LONGEST_RUN)
    output, _ = demo.communicate(timeout=LONGEST_RUN)
    sys.stdout.write(output)
    if demo.returncode != 0:
        sys.exit(f"the demo ended with exit code {demo.returncode}")
    phone = check(output.splitlines()[-1], base, keys)
    sys.stdout.write(
        f"The last line is a valid token: a virtual phone was verified by {phone.channel} "
        f"with {phone.assurance_bits:.1f} bits, {time.monotonic() - began:.0f} s after the start.\n"
    )


def check(token: str, issuer: str, keys: dict[str, Any]) -> VerifiedPhone:
    """The audience is the application that the demo made for itself, which only its token names."""
    import jwt  # noqa: PLC0415 - as late as the SDK itself imports it

    audience = jwt.decode(token, options={"verify_signature": False})["aud"]
    return verify_token(token, issuer=issuer, audience=audience, jwks=keys)


def published_keys(demo: subprocess.Popen[str], url: str, give_up: float) -> dict[str, Any]:
    """The keys, fetched while the demo runs, because they end with it."""
    while demo.poll() is None and time.monotonic() < give_up:
        with suppress(OSError, ValueError), urlopen(url, timeout=5) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            if found.get("keys"):
                return found
        time.sleep(0.1)
    demo.kill()
    sys.exit("the demo's server published no keys")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


main()
