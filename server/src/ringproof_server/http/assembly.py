"""Putting the HTTP door together."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import MapAdapter
from werkzeug.wrappers import Response as WerkzeugResponse

from ringproof_server.http.auth import KeyedBlueprint
from ringproof_server.http.carrier_events import create_carrier_events
from ringproof_server.http.cors import Cors
from ringproof_server.http.devices import add_devices
from ringproof_server.http.edge import Edge
from ringproof_server.http.exchange import current_exchange
from ringproof_server.http.forms import create_forms, problem_page
from ringproof_server.http.handsets import create_handsets
from ringproof_server.http.health import Readiness, create_health
from ringproof_server.http.keys import create_keys
from ringproof_server.http.openapi import create_openapi
from ringproof_server.http.parts import HttpParts
from ringproof_server.http.problems import register_problems
from ringproof_server.http.reading import LARGEST_BODY
from ringproof_server.http.routes import register_converters
from ringproof_server.http.simple import add_simple
from ringproof_server.http.verifications import add_verifications


class _NoSessions(SessionInterface):
    """There are no sessions, so none are looked for."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:  # noqa: ARG002 - Flask's signature
        return _EMPTY

    def is_null_session(self, obj: object) -> bool:  # noqa: ARG002 - Flask's signature
        return True

    def save_session(self, app: Flask, session: SessionMixin, response: WerkzeugResponse) -> None:
        """Nothing is ever kept."""


_EMPTY = SessionInterface.null_session_class()


class _Door(Flask):
    """Flask without what this application has no use for."""

    session_interface = _NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine, so none is looked for at every call."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes by path alone: no answer of ours depends on the host that a client names."""
        if request is None:
            return None
        environ = request.environ
        return MapAdapter(
            self.url_map,
            server_name="localhost",
            script_name=(environ.get("SCRIPT_NAME") or "").rstrip("/") + "/",
            subdomain="",
            url_scheme="http",
            path_info=environ.get("PATH_INFO", "").encode("latin-1").decode(errors="replace"),
            default_method=environ["REQUEST_METHOD"],
            query_args=environ.get("QUERY_STRING", ""),
        )


def create_http(parts: HttpParts) -> Flask:
    """The WSGI application. Logs must have been configured before; it starts nothing in the background."""
    app = _Door("ringproof_server", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.merge_slashes = False
    register_converters(app)
    page = None if parts.forms is None else problem_page(parts.forms.pages)
    register_problems(app, parts.metrics.refused, page)
    cors = Cors(parts.storage, parts.clock, parts.public_url)
    contract = KeyedBlueprint("verifications", __name__, parts.access, cors)
    add_verifications(contract, parts.verifications)
    add_simple(contract, parts.verifications.codes)
    add_devices(contract, parts.verifications.devices)
    app.register_blueprint(contract)
    app.register_blueprint(create_keys(parts.tokens))
    app.register_blueprint(create_carrier_events(parts.carrier_events, parts.public_url))
    app.register_blueprint(create_handsets(parts.handsets))
    app.register_blueprint(create_health(Readiness(parts.pings, parts.clock), parts.metrics))
    app.register_blueprint(create_openapi(parts.public_url))
    if parts.forms is not None:
        app.register_blueprint(create_forms(parts.forms, parts))
    for blueprint in parts.blueprints:
        app.register_blueprint(blueprint)
    _note_routes(app)
    app.wsgi_app = Edge(  # type: ignore[method-assign]
        app.wsgi_app, random=parts.random, metrics=parts.metrics, cors=cors, public_url=parts.public_url
    )
    if parts.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=parts.trusted_proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    return app


def _note_routes(app: Flask) -> None:
    """Let every view, whoever brought it, leave the template of its route for the log and the counts."""
    for endpoint, view in app.view_functions.items():
        rule = next(app.url_map.iter_rules(endpoint)).rule
        app.view_functions[endpoint] = _noting(view, rule)


def _noting(view: Callable[..., Any], rule: str) -> Callable[..., Any]:
    @wraps(view)
    def noting(**arguments: Any) -> Any:
        current_exchange().route = rule
        return view(**arguments)

    return noting
