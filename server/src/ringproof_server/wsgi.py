"""The entry point of a WSGI server: reads the environment and builds one worker's application."""

from __future__ import annotations

import os

from flask import Flask

from ringproof_server.app import create_app
from ringproof_server.http import FOLDER_VARIABLE
from ringproof_server.logs import configure_logs
from ringproof_server.settings import Settings


def application() -> Flask:
    """A started application from `RINGPROOF_…`; called once in each worker. Raises `SettingsError`."""
    settings = Settings.from_environ(os.environ)
    configure_logs(settings.log_level, settings.log_format)
    return create_app(settings, os.environ.get(FOLDER_VARIABLE))
