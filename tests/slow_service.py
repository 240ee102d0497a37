"""A service process over the fake index whose searches take a given time: `... PORT SECONDS`.

Everything but the index is the real thing, the writers of the settings too; the process tests start
it and stop it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from indexer import Filters, Ranking, Turn
from service.__main__ import make_access, open_conversations
from service.faults import FaultLog
from service.serving import serve
from service.settings import read_settings
from service.writer_choice import choose_writers
from tests.fake_index import FakeIndex
from tests.service_app import build_app


class SlowIndex(FakeIndex):
    """The fake index, after a rest of `seconds` before each search; it fails at "explode"."""

    seconds = 0.0

    def search(
        self,
        question: str,
        *,
        locale: str,
        k: int = 10,
        filters: Filters | None = None,
        history: Sequence[Turn] = (),
        among: Collection[str] | None = None,
    ) -> Ranking:
        time.sleep(self.seconds)
        if "explode" in question:
            raise RuntimeError(f"can't search {question!r}")
        return super().search(question, locale=locale, k=k, filters=filters, history=history, among=among)


def main() -> None:
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    settings = read_settings({"port": port})

    def load(stopping: Callable[[], bool]) -> ASGIApp:
        index = SlowIndex()
        index.seconds = seconds
        conversations = open_conversations(settings)
        writers = choose_writers(settings, on_event=print)

        @asynccontextmanager
        async def keep(app: FastAPI) -> AsyncIterator[None]:
            conversations.start()
            yield
            await run_in_threadpool(writers.close)
            await run_in_threadpool(conversations.stop)

        app = build_app(
            index,
            settings=settings,
            writer=writers.writer,
            rewriter=writers.rewriter,
            stopping=stopping,
            conversations=conversations,
            access=make_access(settings),
            lifespan=keep,
        )
        return FaultLog(app, on_event=print)

    serve(load, settings=settings, address=settings.host, port=port)


if __name__ == "__main__":
    main()
