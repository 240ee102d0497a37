"""The pages for people: the demonstration at `/`, the form at `/ask`, and the files of both.

The files below `/demo/` are read once and served from memory.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from service.ask_page import AskPage, build_ask_page
from service.demo_page import DemoPage, build_demo_page, read_tickets
from service.page_texts import PageLanguages
from service.routes import Desk

DEMO_DIR = Path(__file__).with_name("demo")

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class _PageFile:
    """One file's bytes with what a browser needs to keep them."""

    def __init__(self, file: Path) -> None:
        self._content = file.read_bytes()
        self._headers = {"ETag": f'"{sha256(self._content).hexdigest()[:32]}"', "Cache-Control": "no-cache"}
        self._media_type = MEDIA_TYPES[file.suffix]

    def respond(self, request: Request) -> Response:
        if request.headers.get("if-none-match") == self._headers["ETag"]:
            return Response(status_code=304, headers=self._headers)
        return Response(self._content, headers=self._headers, media_type=self._media_type)


def build_pages(desk: Desk, languages: PageLanguages, ask_page: AskPage) -> APIRouter:
    """The pages' routes; they are no part of the API and so not of its document."""
    router = APIRouter(include_in_schema=False)
    router.include_router(build_demo_page(DemoPage(desk.indexes, languages, read_tickets()), languages))
    router.include_router(build_ask_page(desk, ask_page))
    _add_files(router, DEMO_DIR)
    return router


def _add_files(router: APIRouter, folder: Path) -> None:
    files = {file.name: _PageFile(file) for file in sorted(folder.iterdir()) if file.suffix in MEDIA_TYPES}

    @router.get("/demo/{name}")
    async def page_file(request: Request, name: str) -> Response:
        if name not in files:
            raise HTTPException(404)
        return files[name].respond(request)
