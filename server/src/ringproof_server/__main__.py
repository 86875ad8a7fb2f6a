"""`python -m ringproof_server` is the same as the command `ringproof-server`."""

from ringproof_server.cli import main

main()
