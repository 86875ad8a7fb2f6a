"""The standard-library transport on a real socket."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest

from ringproof import Ringproof
from ringproof._system import SystemClock
from ringproof._transport import MAX_ANSWER_BYTES, Request, Response, UrllibTransport, is_loopback
from ringproof.errors import InsecureServerError, ServerUnreachableError, UnexpectedAnswerError
from ringproof.testing import FakeServer
from tests.client_sdk.loopback import served
from tests.client_sdk.phones import OWNER


def test_a_request_arrives_and_its_answer_comes_back() -> None:
    """Method, path, headers and body go out; status, headers and body come in."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response(201, {"X-Request-ID": "req_1"}, b'{"ok": true}')

    with served(answer) as url:
        response = UrllibTransport().send(Request("POST", f"{url}/v1/x", {"Idempotency-Key": "abc"}, b"{}"))
    assert (response.status, response.headers["x-request-id"], response.body) == (
        201,
        "req_1",
        b'{"ok": true}',
    )
    (request,) = seen
    assert (request.method, request.body, request.headers["Idempotency-Key"]) == ("POST", b"{}", "abc")


@pytest.mark.parametrize("status", [400, 404, 409, 429, 500, 503])
def test_a_refusal_is_an_answer_not_an_exception(status: int) -> None:
    """Every status comes back with its body."""
    with served(lambda request: Response(status, {"Retry-After": "3"}, b"why")) as url:
        response = UrllibTransport().send(Request("GET", url))
    assert (response.status, response.body, response.headers["retry-after"]) == (status, b"why", "3")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    """The key does not travel to wherever a redirect points."""
    arrived: list[str] = []

    def thief(request: Request) -> Response:
        arrived.append(request.url)
        return Response(200)

    with (
        served(thief) as elsewhere,
        served(lambda request: Response(status, {"Location": f"{elsewhere}/steal"})) as url,
    ):
        response = UrllibTransport().send(Request("POST", url, {"Authorization": "Bearer rp_pk_x"}, b"{}"))
    assert response.status == status
    assert arrived == []


def test_an_endless_answer_is_cut_off() -> None:
    """More than a mebibyte is no answer of ours."""
    with (
        served(lambda request: Response(200, {}, b"x" * (MAX_ANSWER_BYTES + 1))) as url,
        pytest.raises(UnexpectedAnswerError),
    ):
        UrllibTransport().send(Request("GET", url))


def test_nobody_listening_is_unreachable() -> None:
    """A refused connection, and its error tells nothing secret."""
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
    with pytest.raises(ServerUnreachableError) as failure:
        UrllibTransport().send(Request("GET", f"http://127.0.0.1:{port}/secret?x=1"))
    assert "secret" not in str(failure.value)


def _says(data: bytes, hold: threading.Event) -> tuple[socket.socket, threading.Thread]:
    """A server that accepts one connection, says something, and holds the line."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(data)
            hold.wait(10)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return listener, thread


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_silence_and_nonsense_are_unreachable(data: bytes) -> None:
    """A server that says nothing, half of it or something else: no answer came."""
    hold = threading.Event()
    listener, thread = _says(data, hold)
    with listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServerUnreachableError):
            UrllibTransport().send(Request("GET", f"http://127.0.0.1:{port}/", timeout=0.2))
        hold.set()
        thread.join()


class HastyClock(SystemClock):
    """A clock on which every look costs a minute."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 60
        return self.now


def test_an_answer_that_drips_is_given_up() -> None:
    """The time of a request bounds the whole answer, not only each read of it."""
    with (
        served(lambda request: Response(200, {}, b"x" * 200_000)) as url,
        pytest.raises(ServerUnreachableError),
    ):
        UrllibTransport(clock=HastyClock()).send(Request("GET", url))


def test_plain_http_to_another_machine_is_refused_before_it_is_sent() -> None:
    """Also below the client, at the last moment."""
    with pytest.raises(InsecureServerError):
        UrllibTransport().send(Request("GET", "http://198.51.100.7/"))


def test_a_certificate_of_nobody_is_not_trusted(tmp_path: Path) -> None:
    """TLS is verified: a server with a certificate of its own making is unreachable."""
    pytest.importorskip("cryptography", reason="makes the certificate; installed with pyjwt[crypto]")
    certificate = _self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(ServerUnreachableError, match="SSLCertVerificationError"):
            UrllibTransport().send(Request("GET", url, timeout=5))
        thread.join()


def _self_signed(folder: Path) -> str:
    """A key and a certificate for 127.0.0.1 in one file."""
    # Here, because on a bare Python the test is skipped before it gets this far.
    from cryptography import x509 as certificates  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = certificates.Name([certificates.NameAttribute(certificates.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.datetime(2020, 1, 1)  # noqa: DTZ001 - the builder takes naive UTC
    built = (
        certificates.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=2120))
        .add_extension(
            certificates.SubjectAlternativeName([certificates.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return str(path)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("verify.example", False),
    ],
)
def test_loopback_is_known_by_name_and_address(host: str, loopback: bool) -> None:
    """Only what can never leave the machine counts."""
    assert is_loopback(host) is loopback


def test_many_threads_may_share_one_client() -> None:
    """32 threads, one client, one transport: every start gets its own answer and its own keys."""
    server = FakeServer(SystemClock())
    lock = threading.Lock()

    def answer(request: Request) -> Response:
        with lock:
            return server.send(request)

    sessions, errors = [], list[BaseException]()
    with served(answer) as url:
        client = Ringproof(url, "rp_pk_test")

        def start() -> None:
            try:
                sessions.append(client.start(OWNER))
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=start) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert len({session.code_verifier for session in sessions}) == 32
    assert len({seen.headers["Idempotency-Key"] for seen in server.requests}) == 32
