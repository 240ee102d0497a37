"""Conversations are kept for a while, the last ones only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indexer import Turn
from service.turn_memory import KEPT_CHARS, KEPT_TURNS, Conversation, ProcessMemory
from tests.fakes import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


def talk(content: str) -> Conversation:
    return Conversation((Turn("user", content),), "de-de")


def test_a_conversation_is_found_by_its_last_response(clock: Clock) -> None:
    memory = ProcessMemory(most=2, keep_s=10, clock=clock, words=True)
    memory.keep("a", talk("one"))
    memory.keep("b", talk("two"))
    assert memory.find("a", client_key=None) == talk("one")
    assert memory.find("b", client_key=None) == talk("two")
    assert memory.find("c", client_key=None) is None


def test_the_oldest_is_forgotten_first(clock: Clock) -> None:
    memory = ProcessMemory(most=2, keep_s=10, clock=clock, words=True)
    for name in "abc":
        memory.keep(name, talk(name))
    assert [memory.find(name, client_key=None) is None for name in "abc"] == [True, False, False]


def test_what_is_kept_again_counts_as_new(clock: Clock) -> None:
    memory = ProcessMemory(most=2, keep_s=10, clock=clock, words=True)
    for name in "abac":
        memory.keep(name, talk(name))
    assert [memory.find(name, client_key=None) is None for name in "abc"] == [False, True, False]


def test_a_conversation_expires(clock: Clock) -> None:
    memory = ProcessMemory(most=9, keep_s=10, clock=clock, words=True)
    memory.keep("a", talk("one"))
    clock.now = 109.9
    memory.keep("b", talk("two"))
    assert memory.find("a", client_key=None) == talk("one")
    clock.now = 110.0
    assert memory.find("a", client_key=None) is None
    assert memory.find("b", client_key=None) == talk("two")


def test_a_memory_of_none_keeps_nothing(clock: Clock) -> None:
    memory = ProcessMemory(most=0, keep_s=10, clock=clock, words=True)
    memory.keep("a", talk("one"))
    assert memory.find("a", client_key=None) is None


def test_a_conversation_is_found_under_its_own_key_alone(clock: Clock) -> None:
    memory = ProcessMemory(most=9, keep_s=10, clock=clock, words=True)
    memory.keep("a", replace(talk("one"), client_key="k1"))
    memory.keep("b", talk("two"))
    found = {(id_, key): memory.find(id_, client_key=key) for id_ in "ab" for key in ("k1", "k2", None)}
    assert {at for at, conversation in found.items() if conversation is not None} == {
        ("a", "k1"),
        ("b", None),
    }


def test_only_the_last_turns_and_their_beginnings_are_kept(clock: Clock) -> None:
    memory = ProcessMemory(most=1, keep_s=10, clock=clock, words=True)
    turns = tuple(Turn("user", str(n) * 2000) for n in range(10))
    memory.keep("a", Conversation(turns, None))
    found = memory.find("a", client_key=None)
    assert found is not None
    assert [turn.content[0] for turn in found.turns] == list("23456789")
    assert {len(turn.content) for turn in found.turns} == {1000}
    assert (KEPT_TURNS, KEPT_CHARS) == (8, 1000)
