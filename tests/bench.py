"""How long one answer takes, over the whole service in this process, on one core.

    python -m tests.bench QUESTIONS --index DIR [--locale ja-jp] [--most 200]

Not a test: nothing here is asserted. Each locale's questions are asked one after the other, after
a few that warm the model up; the times run from the request to the answer's last byte.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np
from starlette.types import ASGIApp

from indexer import IndexFollower
from indexer.questions import Question, read_questions
from service.asking import WordGuesser
from service.confidence import read_confidence
from tests.service_app import build_app

WARM_UP = 10


async def time_answers(app: ASGIApp, questions: Sequence[Question]) -> tuple[list[float], int]:
    """The milliseconds of each answer, and how many were abstentions."""
    times_ms: list[float] = []
    abstained: list[bool] = []
    warm_up = questions[:WARM_UP]
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for question in [*warm_up, *questions]:
            history = [{"role": turn.role, "content": turn.content} for turn in question.history]
            body = {"question": question.query, "locale": question.locale, "history": history}
            began = time.perf_counter()
            response = await client.post("/v1/ask", json=body)
            times_ms.append((time.perf_counter() - began) * 1000)
            abstained.append(response.raise_for_status().json()["status"] == "abstained")
    return times_ms[len(warm_up) :], sum(abstained[len(warm_up) :])


def main() -> None:
    """Print one line a locale: median, 95th percentile and longest time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--locale", help="only this one")
    parser.add_argument("--most", type=int, default=200, help="questions a locale")
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    follower = IndexFollower(chosen.index)
    follower.start()
    try:
        index = follower.current()
        app = build_app(follower=follower, guess=WordGuesser(), confidence=read_confidence())
        asked = read_questions(chosen.questions)
        print(f"generation {index.generation}, one core; milliseconds per answer of /v1/ask in process")
        print(f"{'locale':<8}{'questions':>10}{'median':>9}{'p95':>9}{'longest':>9}{'abstained':>11}")
        for locale in [summary.locale for summary in index.locales]:
            ours = [question for question in asked if question.locale == locale][: chosen.most]
            if not ours or chosen.locale not in {None, locale}:
                continue
            times_ms, abstained = asyncio.run(time_answers(app, ours))
            p95 = float(np.percentile(times_ms, 95))
            figures = f"{float(np.median(times_ms)):>9.1f}{p95:>9.1f}{max(times_ms):>9.1f}"
            print(f"{locale:<8}{len(ours):>10}{figures}{abstained:>11}")
    finally:
        follower.stop()


if __name__ == "__main__":
    main()
