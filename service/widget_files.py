"""The widget's files: read once, served from memory to pages of any origin, and its iframe's page.

A host page loads `/widget/citedesk-chat.js`, which is kept for minutes. It names the folder
`/widget/<hash of all files>/`, whose files never change and are kept for a year. The folder of another
version leads to that of this one. `/widget/frame` is a page for an iframe; its policy names the
origins that may show it.

Scripts travel without the lines that are comments alone: they are a fifth of the bytes.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

WIDGET_DIR = Path(__file__).with_name("widget")
ELEMENT = "citedesk-chat.js"
FRAME = "frame.html"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}

# Five minutes: how long a host page may go on with the version before a new one.
ENTRY_AGE = "public, max-age=300"
FOREVER = "public, max-age=31536000, immutable"
# The files are public, and scripts of another origin are only loaded where this is said.
PUBLIC = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors {}"
)

_FOLDER = re.compile(r"[0-9a-f]{16}")
_COMMENT_LINES = re.compile(rb"^[ ]*//.*\n", re.MULTILINE)

# The sources of frame-ancestors for a publishable key and the embedding page's origin (None where
# not said). Raises a Problem where the frame may not be shown.
FrameRule = Callable[[str | None, str | None], Sequence[str]]


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file's bytes, plain and compressed."""

    content: bytes
    compressed: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """Of the plain bytes."""
        return sha256(self.content).hexdigest()[:32]

    def respond(self, request: Request, *, cache: str) -> Response:
        """The file, or 304 where the browser has it."""
        packed = "gzip" in request.headers.get("accept-encoding", "")
        # A strong tag stands for bytes: each form has its own.
        tag = f'"{self.digest}{"-gzip" if packed else ""}"'
        headers = {**PUBLIC, "Cache-Control": cache, "ETag": tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
        body = self.compressed if packed else self.content
        return Response(body, headers=headers, media_type=self.media_type)


def make_file(content: bytes, *, suffix: str) -> StaticFile:
    """A file of the type that `suffix` (".js") stands for; equal bytes give an equal file."""
    if suffix == ".js":
        content = _COMMENT_LINES.sub(b"", content)
    # Without a time, so that each process sends the same bytes.
    return StaticFile(content, gzip.compress(content, mtime=0), MEDIA_TYPES[suffix])


@dataclass(frozen=True, slots=True)
class WidgetFiles:
    """The widget's files by their path below the folder `hash`, and the pages that name it."""

    hash: str
    by_path: dict[str, StaticFile]
    entry: StaticFile
    frame: bytes


def read_widget(folder: Path = WIDGET_DIR) -> WidgetFiles:
    """The files of `folder`; one changed byte or name gives another hash."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in MEDIA_TYPES)
    files = {
        path.relative_to(folder).as_posix(): make_file(path.read_bytes(), suffix=path.suffix)
        for path in paths
    }
    listed = "".join(f"{name} {file.digest}\n" for name, file in files.items())
    name = sha256(listed.encode()).hexdigest()[:16]
    page = files.pop(FRAME).content.decode().replace("{folder}", f"/widget/{name}")
    return WidgetFiles(name, files, make_file(_entry(name, files), suffix=".js"), page.encode())


def _entry(folder: str, files: dict[str, StaticFile]) -> bytes:
    # All are named here, so that a browser asks for all at once and not for one after the other.
    modules = [name for name in files if name.endswith(".js") and name not in (ELEMENT, "frame.js")]
    lines = [f'import "./{folder}/{name}";' for name in modules]
    return "\n".join([*lines, f'export * from "./{folder}/{ELEMENT}";', ""]).encode()


def build_widget(files: WidgetFiles, *, frame_rule: FrameRule) -> APIRouter:
    """The routes; they are no part of the API and so not of its document."""
    router = APIRouter(include_in_schema=False)

    @router.get(f"/widget/{ELEMENT}")
    async def entry(request: Request) -> Response:
        return files.entry.respond(request, cache=ENTRY_AGE)

    @router.get("/widget/frame")
    async def frame(
        key: Annotated[str | None, Query(max_length=200)] = None,
        origin: Annotated[str | None, Query(max_length=300)] = None,
    ) -> Response:
        policy = FRAME_POLICY.format(" ".join(frame_rule(key, origin)) or "'none'")
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": policy}
        return Response(files.frame, headers=headers, media_type=MEDIA_TYPES[".html"])

    @router.get("/widget/{folder}/{name:path}")
    async def file(request: Request, folder: str, name: str) -> Response:
        if name not in files.by_path or not _FOLDER.fullmatch(folder):
            raise HTTPException(404)
        if folder != files.hash:
            return _lead(name, folder=files.hash)
        return files.by_path[name].respond(request, cache=FOREVER)

    return router


def _lead(name: str, *, folder: str) -> Response:
    """To the file in `folder`, for tabs of an earlier version and beside services of another one."""
    # Relative: the service may stand below a path. Not kept: the next service may be of that version.
    address = f"{'../' * (name.count('/') + 1)}{folder}/{name}"
    return Response(status_code=302, headers={**PUBLIC, "Cache-Control": "no-store", "Location": address})
