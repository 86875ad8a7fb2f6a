"""`python -m ringproof_demo`: the app on a desk."""

import sys

from ringproof_demo.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
