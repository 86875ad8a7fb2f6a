"""The command `ringproof-rcml`: lists what can be said, writes voice documents as files."""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ringproof_rcml.dialect import Dialect, speech
from ringproof_rcml.export import STATIC_DOCUMENTS, WORDLESS_DOCUMENTS, files, write
from ringproof_rcml.message_sizes import message_sizes
from ringproof_rcml.words import load_words, locales, look_up, negotiate

_PER_CALL = {"press_to_hear", "spoken_code", "keypad"}


class _RefusedError(Exception):
    """One line for the person who typed the command."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _RefusedError(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code: 0, or 2 with one line on standard error."""
    _write_utf8()
    try:
        options = _parser().parse_args(arguments)
        if options.command == "list":
            return _list()
        if options.command == "segments":
            return _segments(options)
        return _export(options)
    except _RefusedError as refusal:
        return _refused(str(refusal))
    except OSError as error:
        return _refused(f"cannot write {error.filename or 'the output'}: {error.strerror}")


def _write_utf8() -> None:
    """The documents call themselves UTF-8, so that is what they must be, whatever the terminal's habits."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="ringproof-rcml", description="Voice documents of Ringproof as files.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="list|segments|export")
    commands.add_parser("list", help="show the locales, their voices and the documents")
    sizes = commands.add_parser(
        "segments",
        help="show what the text messages of every locale cost",
        description="A message with a code, an app hash and a host line, and one that confirms a payment.",
    )
    sizes.add_argument("--brand", default="Example Shopping", help="who the message is from")
    sizes.add_argument("--host", default="example.com", help="the host of the page that reads the code")
    export = commands.add_parser(
        "export",
        help="write voice documents",
        description="Writes every document into FOLDER, or one document to standard output or to --output.",
    )
    export.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    export.add_argument("--dialect", help=" or ".join(dialect.value for dialect in Dialect))
    export.add_argument("--document", help=", ".join(STATIC_DOCUMENTS))
    export.add_argument("--locale", help="a language tag such as en-gb")
    export.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")
    return parser


def _list() -> int:
    rows = [("locale", "language", "script", *(dialect.value for dialect in Dialect))]
    for tag in locales():
        words = load_words(tag)
        rows.append((tag, words.name, words.direction, *(_spoken(dialect, tag) for dialect in Dialect)))
    _table(rows)
    sys.stdout.write(f"documents: {', '.join(STATIC_DOCUMENTS)}\n")
    return 0


def _segments(options: argparse.Namespace) -> int:
    try:
        rows = message_sizes(options.brand, options.host)
    except ValueError as error:
        raise _RefusedError(str(error)) from None
    _table([tuple(row) for row in rows])
    return 0


def _table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def _spoken(dialect: Dialect, locale: str) -> str:
    voice = speech(dialect, locale)[1]
    return f"{voice.name} {voice.language}"


def _export(options: argparse.Namespace) -> int:
    if options.folder is None and options.document is None:
        raise _RefusedError("name a FOLDER for all documents, or one with --document")
    if options.folder is not None and options.output is not None:
        raise _RefusedError("give either FOLDER or --output, not both")
    names = [_document(options.document)] if options.document else list(STATIC_DOCUMENTS)
    if options.folder is not None:
        dialects = [_dialect(options.dialect)] if options.dialect else list(Dialect)
        tags = [_locale(options.locale)] if options.locale else list(locales())
        content = list(files(dialects, names, tags))
        write(options.folder, content)
        sys.stdout.write(f"wrote {len(content)} files to {options.folder}\n")
        _tell_unspoken(dialects, tags)
        return 0
    dialect = _dialect(options.dialect or Dialect.RCML.value)
    locale = _locale(options.locale or "en")
    document = STATIC_DOCUMENTS[names[0]](dialect, locale)
    if options.output is None:
        sys.stdout.write(document)
    else:
        options.output.write_text(document, encoding="utf-8", newline="\n")
    if names[0] not in WORDLESS_DOCUMENTS:
        _tell_unspoken([dialect], [locale])
    return 0


def _tell_unspoken(dialects: Sequence[Dialect], tags: Sequence[str]) -> None:
    """Says which files came out in English although another language was asked for."""
    for dialect in dialects:
        silent = [tag for tag in tags if speech(dialect, tag)[0].tag != negotiate([tag]).tag]
        if silent:
            sys.stderr.write(f"{dialect.value} has no voice for {', '.join(silent)}: English instead\n")


def _document(name: str) -> str:
    if name in _PER_CALL:
        raise _RefusedError(f"{name} is made anew for every call and cannot be a file")
    if name not in STATIC_DOCUMENTS:
        raise _RefusedError(f"no document {name!r}; there are {', '.join(STATIC_DOCUMENTS)}")
    return name


def _dialect(name: str) -> Dialect:
    try:
        return Dialect(name.lower())
    except ValueError:
        known = ", ".join(dialect.value for dialect in Dialect)
        raise _RefusedError(f"no dialect {name!r}; there are {known}") from None


def _locale(tag: str) -> str:
    """The tag in lower case, if there are words for it; a file in the wrong language must not pass
    unnoticed.
    """
    found = look_up(tag)
    if found is None:
        raise _RefusedError(f"no words for {tag!r}; there are {', '.join(locales())}")
    return found.requested


def _refused(reason: str) -> int:
    one_line = " ".join(reason.split())
    sys.stderr.write(f"ringproof-rcml: {one_line}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
