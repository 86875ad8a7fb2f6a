"""`ringproof` on the command line; also `python -m ringproof`."""

from __future__ import annotations

import sys

from ringproof._terminal import main

if __name__ == "__main__":
    sys.exit(main())
