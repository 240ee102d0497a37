"""A service process over the articles of the browser tests: `python -m tests.browser.desk PORT`.

Everything but the index and the judgement of its hits is the real thing.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from service.__main__ import make_access, open_conversations, open_webhook
from service.serving import serve
from service.settings import read_settings
from tests.browser.articles import BrowserIndex
from tests.service_app import build_app


def main() -> None:
    """Serve until SIGTERM, with the environment's settings."""
    port = int(sys.argv[1])
    settings = read_settings({"port": port})

    def load(stopping: Callable[[], bool]) -> ASGIApp:
        conversations = open_conversations(settings)

        @asynccontextmanager
        async def keep(app: FastAPI) -> AsyncIterator[None]:
            conversations.start()
            yield
            await run_in_threadpool(conversations.stop)

        return build_app(
            BrowserIndex(),
            settings=settings,
            stopping=stopping,
            access=make_access(settings),
            conversations=conversations,
            webhook=open_webhook(settings),
            lifespan=keep,
        )

    serve(load, settings=settings, address=settings.host, port=port)


if __name__ == "__main__":
    main()
