"""Push services are spoken to under their own name, though the address was looked up before."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ringproof_server.carriers import Timeouts
from ringproof_server.carriers.webpush.posting import PushPosts
from ringproof_server.domain.errors import CarrierUnavailable

NAME = "push.example"
PATIENT = Timeouts(connect=5, total=10)


class _Taker(BaseHTTPRequestHandler):
    hosts: list[str]

    def do_POST(self) -> None:
        self.hosts.append(self.headers["Host"])
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


def certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate for this name, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    file = folder / f"{name}.pem"
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(written + made.public_bytes(Encoding.PEM))
    return file


@contextmanager
def listening(file: Path) -> Iterator[tuple[int, list[str]]]:
    """A push service with this certificate: its port, and the hosts that it was asked for."""
    hosts: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("Taker", (_Taker,), {"hosts": hosts}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_address[1], hosts
    server.shutdown()
    server.server_close()


def posts(*trusted: Path) -> PushPosts:
    context = ssl.create_default_context()
    for file in trusted:
        context.load_verify_locations(file)
    return PushPosts(PATIENT, private=True, lookup=lambda *_: ["127.0.0.1"], tls=context)


def test_the_name_is_what_the_certificate_is_checked_for(tmp_path: Path) -> None:
    file = certificate(tmp_path, NAME)
    with listening(file) as (port, hosts):
        status, _ = posts(file).post(f"https://{NAME}:{port}/push", {"TTL": "1"}, b"sealed")
    assert status == 201
    assert hosts == [f"{NAME}:{port}"]


@pytest.mark.parametrize("trusts", [True, False])
def test_nothing_is_sent_to_whoever_cannot_prove_the_name(tmp_path: Path, trusts: bool) -> None:
    """Neither with another name's certificate, nor with one that nobody vouches for."""
    other, own = certificate(tmp_path, "other.example"), certificate(tmp_path, NAME)
    with listening(other if trusts else own) as (port, hosts), pytest.raises(CarrierUnavailable):
        posts(*([other] if trusts else [])).post(f"https://{NAME}:{port}/push", {"TTL": "1"}, b"sealed")
    assert hosts == []
