"""The official client's way to Vonage.

The client's own way repeats a request whose connection broke, so that a phone could ring twice; it writes
numbers, codes and the access token into its log at the debug level; all threads share its headers; and it
reads the private key anew for each request, which takes longer than everything else. So what stands below its
models and its methods is ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from vonage_http_client import Auth, HttpClient, HttpClientOptions  # type: ignore[import-untyped]

from ringproof_server.carriers.outbound_http import HttpAnswer, OutboundHttp
from ringproof_server.carriers.vonage.faults import fault_of
from ringproof_server.domain.errors import CarrierUnavailable, OutcomeUnknown
from ringproof_server.ports import Clock, Random

TOKEN_SECONDS: Final = 120
"""A token is made for each request; the rest is for clocks that differ."""


class Line(HttpClient):  # type: ignore[misc]  # The client's package has no types.
    """Sends each request once, with bounds on time and size, and raises carrier errors only."""

    def __init__(
        self,
        *,
        application_id: str,
        private_key: RSAPrivateKey,
        base_url: str,
        http: OutboundHttp,
        clock: Clock,
        random: Random,
    ) -> None:
        """`base_url` has a scheme and a host, and no slash at its end."""
        super().__init__(Auth(), HttpClientOptions(api_host=base_url.partition("://")[2]))
        self._application_id = application_id
        self._private_key = private_key
        self._base_url = base_url
        self._http = http
        self._clock = clock
        self._random = random

    def make_request(
        self,
        request_type: str,
        host: str,  # noqa: ARG002 - there is only one; the client's own signature names it.
        request_path: str = "",
        params: Mapping[str, Any] | None = None,
        auth_type: str = "jwt",  # noqa: ARG002 - as above.
        sent_data_type: str = "json",
        token: str | None = None,  # noqa: ARG002 - as above.
    ) -> dict[str, object] | None:
        """The answer's JSON object; None for a change that Vonage confirmed without one."""
        url, body = self._base_url + request_path, None
        if sent_data_type != "json":
            url += f"?{urlencode(params)}" if params else ""
        elif request_type != "GET":
            body = json.dumps(params).encode()
        headers = {"Accept": "application/json", "User-Agent": self.user_agent} | self._authorization()
        if body is not None:
            headers["Content-Type"] = "application/json"
        return _understood(request_type, self._http.send(request_type, url, headers=headers, body=body))

    def _authorization(self) -> dict[str, str]:
        """https://developer.vonage.com/en/getting-started/concepts/authentication#json-web-tokens-jwt"""
        now = int(self._clock.now().timestamp())
        claims = {
            "application_id": self._application_id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": self._random.identifier("jwt_"),
        }
        return {"Authorization": f"Bearer {jwt.encode(claims, self._private_key, algorithm='RS256')}"}


def _understood(method: str, answer: HttpAnswer) -> dict[str, object] | None:
    found = answer.json_object()
    if not 200 <= answer.status < 300:
        raise fault_of(
            answer.status, found or {}, reads=method == "GET", retry_after=answer.retry_after
        ) from None
    if found is None and method == "GET":
        raise CarrierUnavailable("Vonage's answer is not understood")
    if found is None and method == "POST":
        raise OutcomeUnknown("Vonage's answer is not understood")
    return found
