"""A service process over the fake index whose searches take a given time: `... PORT SECONDS`.

Everything but the index is the real thing, the writers of the settings too; the process tests start
it and stop it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Sequence

from starlette.types import ASGIApp

from indexer import Filters, Ranking, Turn
from service.serving import serve
from service.settings import read_settings
from service.writer_choice import choose_writers
from tests.fake_index import FakeIndex
from tests.service_app import build_app


class SlowIndex(FakeIndex):
    """The fake index, after a rest of `seconds` before each search."""

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
        return super().search(question, locale=locale, k=k, filters=filters, history=history, among=among)


def main() -> None:
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    settings = read_settings({"port": port})

    def load(stopping: Callable[[], bool]) -> ASGIApp:
        index = SlowIndex()
        index.seconds = seconds
        writers = choose_writers(settings, on_event=print)
        return build_app(
            index, settings=settings, writer=writers.writer, rewriter=writers.rewriter, stopping=stopping
        )

    serve(load, settings=settings, port=port)


if __name__ == "__main__":
    main()
