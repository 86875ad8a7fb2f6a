"""Style sheets, scripts and pictures, with the caching that fits each address."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flask import Response, abort, jsonify, request, url_for

_KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""The only kinds that are served. Their names stand here because a machine's own table may differ, and with
`nosniff` a wrong one keeps a module from loading."""

_PUBLISHED: Final = ("ringproof.js", "ringproof-push.js", "ringproof/")
"""What pages of other sites import."""

_FOREVER: Final = "public, max-age=31536000, immutable"
_BRIEFLY: Final = "public, max-age=600"


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes = field(repr=False)
    kind: str
    etag: str
    integrity: str


class Assets:
    """The files of one folder under two addresses, read once: they are few and small.

    With the digest of the whole folder in its path a file may be kept for ever, together with all that it
    imports by a relative path; without it the address stays the same for ever, for other sites that import
    `/assets/ringproof.js`, and is asked for again after ten minutes (answered 304 by its ETag).
    """

    def __init__(self, folder: Path) -> None:
        self._assets = {
            file.relative_to(folder).as_posix(): _read(file)
            for file in sorted(folder.rglob("*"))
            if file.suffix in _KINDS
        }
        names = "".join(f"{name} {asset.etag}\n" for name, asset in self._assets.items())
        self._digest = hashlib.sha256(names.encode()).hexdigest()[:16]

    def url(self, name: str) -> str:
        """The address of a file that changes whenever any file of the folder does."""
        return url_for("web.versioned_asset", digest=self._digest, name=name)

    def import_map(self, public_url: str) -> Mapping[str, Mapping[str, str]]:
        """What another site's page puts into `<script type="importmap">` to load this version and no other.

        Each published module stands under its address of this version with its hash, in the format of
        Subresource Integrity (https://www.w3.org/TR/sri/).
        """
        base = f"{public_url.rstrip('/')}/assets/{self._digest}/"
        modules = {
            base + name: asset.integrity
            for name, asset in self._assets.items()
            if name.startswith(_PUBLISHED) and name.endswith(".js")
        }
        imports = {name: f"{base}{name}.js" for name in ("ringproof", "ringproof-push")}
        return {"imports": imports, "integrity": modules}

    def serve(self, name: str, digest: str | None = None) -> Response:
        asset = self._assets.get(name)
        if asset is None:
            abort(404)
        response = Response(asset.content, content_type=asset.kind)
        response.set_etag(asset.etag)
        return _for_everybody(response, _FOREVER if digest == self._digest else _BRIEFLY)

    def serve_import_map(self, public_url: str) -> Response:
        return _for_everybody(jsonify(self.import_map(public_url)), _BRIEFLY)


def _for_everybody(response: Response, cached: str) -> Response:
    """Modules are fetched with CORS: without these headers no other site could import ringproof.js."""
    response.headers["Cache-Control"] = cached
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.make_conditional(request)
    return response


def _read(file: Path) -> _Asset:
    content = file.read_bytes()
    digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
    return _Asset(content, _KINDS[file.suffix], hashlib.sha256(content).hexdigest()[:32], f"sha384-{digest}")
