"""Each request keeps the index that it took: generations change under load and never mix."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence

import httpx

from indexer import Filters, Ranking, Turn
from service.settings import Settings
from tests.fake_index import ARTICLES, FakeArticle, FakeFollower, FakeIndex
from tests.service_app import build_app

GENERATIONS = 100
ASKERS = 8


class SlowIndex(FakeIndex):
    """The fake index, slow enough for a swap to fall into a request."""

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
        time.sleep(0.001)
        return super().search(question, locale=locale, k=k, filters=filters, history=history, among=among)


def index_of(number: int) -> FakeIndex:
    """A generation whose every text names it."""
    said = f"The vendor writes to customers about outages in round {number}."
    mail = FakeArticle(
        "partner-help/mail", "en-us", f"Mail {number}", [("a", f"Heading {number}", [(said, None)])]
    )
    return SlowIndex([mail, *ARTICLES[2:]], generation=f"generation-{number}")


def test_a_hundred_generations_drop_no_request_and_mix_in_no_answer() -> None:
    follower = FakeFollower(index_of(0))
    app = build_app(follower=follower, settings=Settings(concurrency=4))
    seen: set[str] = set()
    finished = asyncio.Event()

    async def keep_asking(client: httpx.AsyncClient) -> int:
        asked = 0
        while not finished.is_set():
            body = {"question": "Does the vendor write to customers about outages?", "locale": "en-us"}
            response = await client.post("/v1/ask", json=body)
            assert response.status_code == 200, response.text
            reply = response.json()
            number = reply["generation"].removeprefix("generation-")
            assert reply["answer"] == f"The vendor writes to customers about outages in round {number}.[1]"
            assert reply["citations"][0]["title"] == f"Mail {number}"
            assert reply["hits"][0]["headings"] == [f"Heading {number}"]
            seen.add(number)
            asked += 1
        return asked

    async def publish() -> None:
        for number in range(1, GENERATIONS):
            await asyncio.sleep(0.005)
            follower.index = index_of(number)
        finished.set()

    async def scenario() -> list[int]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client:
            asking = [asyncio.create_task(keep_asking(client)) for _ in range(ASKERS)]
            await publish()
            return await asyncio.gather(*asking)

    counts = asyncio.run(scenario())
    assert min(counts) > 0
    assert len(seen) > 1
