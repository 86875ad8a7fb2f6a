"""Where python-for-android begins. On a desk, `python -m ringproof_demo` is the same app with options."""

from ringproof_demo.command import main

if __name__ == "__main__":
    raise SystemExit(main(()))
