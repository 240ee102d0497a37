"""The chat page at `/` and its files below `/widget/`, read once and served from memory."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

WIDGET_DIR = Path(__file__).with_name("widget")

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class _Page:
    """One file's bytes with what a browser needs to keep them."""

    def __init__(self, file: Path) -> None:
        self._content = file.read_bytes()
        self._headers = {"ETag": f'"{sha256(self._content).hexdigest()[:32]}"', "Cache-Control": "no-cache"}
        self._media_type = MEDIA_TYPES[file.suffix]

    def respond(self, request: Request) -> Response:
        if request.headers.get("if-none-match") == self._headers["ETag"]:
            return Response(status_code=304, headers=self._headers)
        return Response(self._content, headers=self._headers, media_type=self._media_type)


def build_pages(folder: Path = WIDGET_DIR) -> APIRouter:
    """The page's routes; they are no part of the API and so not of its document."""
    pages = {file.name: _Page(file) for file in sorted(folder.iterdir()) if file.suffix in MEDIA_TYPES}
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def chat_page(request: Request) -> Response:
        return pages["index.html"].respond(request)

    @router.get("/widget/{name}")
    async def widget_file(request: Request, name: str) -> Response:
        if name not in pages:
            raise HTTPException(404)
        return pages[name].respond(request)

    return router
