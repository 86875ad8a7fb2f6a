"""Over TLS a far side has to prove that it is who the URL names, whatever address it answers from."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ringproof_server.outbound import Addresses, Poster, Unreached

NAME = "shop.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for `NAME`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(raw + made.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    """A far side of `NAME` that takes every request with 200."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    raw, _ = listening.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(raw, server_side=True) as line:
                        line.settimeout(5)
                        line.recv(65_536)
                        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                except OSError:
                    raw.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def poster(trusted: Path | None) -> Poster:
    """One that finds every name on this machine, and trusts this certificate only, or the usual ones."""
    here = Addresses(private=True, lookup=lambda _host, _port: ["127.0.0.1"])
    return Poster(here, None if trusted is None else ssl.create_default_context(cafile=str(trusted)))


def test_a_far_side_with_the_right_certificate_is_told(certificate: Path, port: int) -> None:
    answer = poster(certificate).post(f"https://{NAME}:{port}/", {}, b"{}", connect=5, total=5, most_body=9)
    assert (answer.status, answer.body) == (200, b"ok")


def test_a_certificate_for_another_name_is_no_proof(certificate: Path, port: int) -> None:
    with pytest.raises(Unreached):
        poster(certificate).post(f"https://other.example:{port}/", {}, b"{}", connect=5, total=5)
    with pytest.raises(Unreached):
        poster(certificate).post(f"https://127.0.0.1:{port}/", {}, b"{}", connect=5, total=5)


def test_a_certificate_that_nobody_vouches_for_is_no_proof(port: int) -> None:
    with pytest.raises(Unreached):
        poster(None).post(f"https://{NAME}:{port}/", {}, b"{}", connect=5, total=5)
