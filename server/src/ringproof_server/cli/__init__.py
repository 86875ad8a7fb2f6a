"""The command `ringproof-server`. Refusals are one clear line and exit code 2."""

from __future__ import annotations

import click

from ringproof_server.cli.apps import apps
from ringproof_server.cli.carriers import carriers
from ringproof_server.cli.database import init_db
from ringproof_server.cli.demo import demo
from ringproof_server.cli.keys import keys
from ringproof_server.cli.origins import origins
from ringproof_server.cli.policy import policy
from ringproof_server.cli.pool import pool
from ringproof_server.cli.serve import serve
from ringproof_server.cli.sip_agent import sip_agent
from ringproof_server.cli.texts import texts
from ringproof_server.cli.webhooks import webhooks


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="ringproof-server")
def main() -> None:
    """Prove that a person controls a phone number by ringing it."""


apps.add_command(origins)
apps.add_command(policy)
apps.add_command(texts)
for command in (demo, serve, init_db, apps, pool, keys, carriers, sip_agent, webhooks):
    main.add_command(command)
