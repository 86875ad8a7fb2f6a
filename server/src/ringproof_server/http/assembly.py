"""Putting the HTTP door together."""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wrappers import Response as WerkzeugResponse

from ringproof_server.http.auth import require_key
from ringproof_server.http.carrier_events import create_carrier_events
from ringproof_server.http.cors import Cors
from ringproof_server.http.edge import Edge
from ringproof_server.http.handsets import create_handsets
from ringproof_server.http.health import Readiness, create_health
from ringproof_server.http.keys import create_keys
from ringproof_server.http.openapi import create_openapi
from ringproof_server.http.parts import HttpParts
from ringproof_server.http.problems import register_problems
from ringproof_server.http.routes import register_converters
from ringproof_server.http.verifications import create_verifications


class _NoSessions(SessionInterface):
    """There are no cookies and no sessions, so none are looked for."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002 - Flask's signature
        return _EMPTY

    def is_null_session(self, obj: object) -> bool:  # noqa: ARG002 - Flask's signature
        return True

    def save_session(self, app: Flask, session: SessionMixin, response: WerkzeugResponse) -> None:
        """Nothing is ever kept."""


_EMPTY = SessionInterface.null_session_class()


def create_http(parts: HttpParts) -> Flask:
    """The WSGI application. Logs must have been configured before; it starts nothing in the background."""
    app = Flask("ringproof_server", static_folder=None)
    app.session_interface = _NoSessions()
    app.url_map.merge_slashes = False
    register_converters(app)
    Edge(parts.random, parts.metrics, parts.public_url).attach(app, parts.trusted_proxies)
    register_problems(app, parts.metrics.refused)
    cors = Cors(parts.storage, parts.clock, parts.public_url)
    cors.attach(app, "/v1/")
    contract = create_verifications(parts.verifications)
    require_key(contract, parts.access)
    cors.check(contract)
    app.register_blueprint(contract)
    app.register_blueprint(create_keys(parts.tokens))
    app.register_blueprint(create_carrier_events(parts.carrier_events, parts.public_url))
    app.register_blueprint(create_handsets(parts.handsets))
    app.register_blueprint(create_health(Readiness(parts.pings, parts.clock), parts.metrics))
    app.register_blueprint(create_openapi(parts.public_url))
    for blueprint in parts.blueprints:
        app.register_blueprint(blueprint)
    return app
