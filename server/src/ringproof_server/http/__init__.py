"""The HTTP door: the public contract, the carriers' side, health. HTTP is spoken here and nowhere else."""

from ringproof_server.http.assembly import create_http
from ringproof_server.http.form_parts import FormParts
from ringproof_server.http.limits import create_limiter
from ringproof_server.http.metrics import FOLDER_VARIABLE, PrometheusMetrics
from ringproof_server.http.openapi import openapi_document
from ringproof_server.http.parts import CallOnHandset, Handsets, HttpParts, MessageOnHandset, Ping
from ringproof_server.http.problems import PROBLEM_STATUS
from ringproof_server.http.voice_documents import voice_document

__all__ = [
    "FOLDER_VARIABLE",
    "PROBLEM_STATUS",
    "CallOnHandset",
    "FormParts",
    "Handsets",
    "HttpParts",
    "MessageOnHandset",
    "Ping",
    "PrometheusMetrics",
    "create_http",
    "create_limiter",
    "openapi_document",
    "voice_document",
]
