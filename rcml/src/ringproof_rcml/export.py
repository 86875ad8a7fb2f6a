"""Voice documents as files, for a carrier that is given a file instead of an address to ask."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ringproof_rcml import documents
from ringproof_rcml.dialect import Dialect

# Only these say the same on every call. The others name a brand, an address or a code that belongs to one
# call.
STATIC_DOCUMENTS: Final = MappingProxyType[str, Callable[[Dialect, str], str]](
    {
        "confirming": documents.confirming,
        "confirmed": documents.confirmed,
        "hang_up": lambda dialect, _locale: documents.hang_up(dialect),
        "reject": lambda dialect, _locale: documents.reject(dialect),
    }
)

WORDLESS_DOCUMENTS: Final = frozenset({"hang_up", "reject"})


def files(
    dialects: Sequence[Dialect], names: Sequence[str], locales: Sequence[str]
) -> Iterator[tuple[Path, str]]:
    """Relative path and content of each file: `<dialect>/<document>-<locale>.xml` (or `.json`), wordless
    ones without locale.
    """
    for dialect in dialects:
        for name in names:
            document = STATIC_DOCUMENTS[name]
            if name in WORDLESS_DOCUMENTS:
                yield Path(dialect.value, f"{name}{dialect.file_suffix}"), document(dialect, "en")
                continue
            for locale in locales:
                yield Path(dialect.value, f"{name}-{locale}{dialect.file_suffix}"), document(dialect, locale)


def write(folder: Path, content: Sequence[tuple[Path, str]]) -> None:
    """Writes the files below `folder`, which is made if need be; raises OSError where the disk refuses."""
    for relative, document in content:
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document, encoding="utf-8", newline="\n")
