"""A bot whose service takes no questions: it tries a few times, then calls a person."""

from __future__ import annotations

import asyncio
import threading
from typing import cast

import pytest

from service.admission import Admission
from service.chatwoot_bot import ChatwootBot
from service.chatwoot_client import Place
from service.chatwoot_texts import read_texts
from service.chatwoot_webhook import IncomingMessage
from service.routes import Desk, IndexSource
from tests.chatwoot_server import FakeChatwoot, link_to
from tests.fake_index import FakeFollower, FakeIndex
from tests.service_app import keep_conversations, make_rules

MESSAGE = IncomingMessage(Place(3, 42), 311, "May the vendor write about outages?", ("de",))


def desk_with(admission: Admission) -> Desk:
    return Desk(
        indexes=cast(IndexSource, FakeFollower(FakeIndex())),
        rules=make_rules(),
        admission=admission,
        top_k=5,
        question_max_chars=2_000,
        stopping=lambda: False,
        new_id=lambda: "a1",
        conversations=keep_conversations(None),
    )


async def never() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("busy", "rests", "person"), [(1, [1], False), (2, [1, 1], False), (3, [1, 1], True)]
)
def test_an_overloaded_service_is_asked_three_times(busy: int, rests: list[float], person: bool) -> None:
    rested: list[float] = []
    admission = Admission(threads=1, queue_max=0, deadline_s=5)
    may_end = threading.Event()

    async def scenario(chatwoot: FakeChatwoot) -> bool:
        holding = asyncio.create_task(admission.run(lambda checkpoint: may_end.wait(5), gone=never))
        while admission.free:
            await asyncio.sleep(0)

        async def rest(seconds: float) -> None:
            rested.append(seconds)
            if len(rested) == busy:
                may_end.set()
                await holding

        link = link_to(chatwoot.url)
        bot = ChatwootBot(
            desk=desk_with(admission),
            client=link.client,
            texts=read_texts(),
            memory=None,
            locale="",
            on_event=lambda event: None,
            sleep=rest,
        )
        called = await bot.answer(MESSAGE)
        may_end.set()
        await holding
        return called

    with FakeChatwoot() as chatwoot:
        assert asyncio.run(scenario(chatwoot)) is person
    admission.close()
    assert rested == rests
    assert (chatwoot.calls[0].what == "3/conversations/42/toggle_status") is person
