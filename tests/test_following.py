"""Following CURRENT from one generation to the next, while threads ask."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path

import pytest

from indexer import Index, IndexMissing, Ranking
from indexer.build import BuildOptions
from indexer.following import LOOKS_BEFORE_RETRY
from indexer.generation import rollback
from tests.small_corpus import FRENCH_MAIL, MAIL, SEATS, TAXES, SmallArticle, SmallIndex, damage


@pytest.fixture
def own(memory_dir: Path) -> SmallIndex:
    """An index that a test may change."""
    own = SmallIndex(memory_dir)
    own.write("de-de", mail=MAIL, seats=SEATS)
    own.write("fr-fr", mail=FRENCH_MAIL)
    own.build()
    return own


def test_a_follower_waits_for_the_first_generation(tmp_path: Path) -> None:
    small = SmallIndex(tmp_path)
    follower = small.follower()
    follower.refresh()
    with pytest.raises(IndexMissing, match="no generation is published here"):
        follower.current()
    small.write("de-de", mail=MAIL)
    small.build()
    follower.refresh()
    assert (follower.current().generation, follower.fault) == (small.generation.name, None)


def test_a_follower_takes_a_new_generation_and_shares_what_did_not_change(own: SmallIndex) -> None:
    events: list[str] = []
    follower = own.follower(on_event=events.append)
    follower.refresh()
    old = follower.current()
    own.write("de-de", taxes=TAXES)
    own.build()
    follower.refresh()
    new = follower.current()
    assert new.generation == own.generation.name != old.generation
    assert new.shards["fr-fr"] is old.shards["fr-fr"]
    assert new.shards["de-de"] is not old.shards["de-de"]
    assert new.embedder is old.embedder
    assert sorted(new.editions("de-de")) == ["help/mail", "help/seats", "help/taxes"]
    assert sorted(old.editions("de-de")) == ["help/mail", "help/seats"]
    assert events == [f"serving generation {old.generation}", f"serving generation {new.generation}"]


def test_a_follower_refuses_a_corrupt_generation_once_and_keeps_the_old(own: SmallIndex) -> None:
    events: list[str] = []
    follower = own.follower(on_event=events.append)
    follower.refresh()
    old = follower.current()
    own.write("de-de", taxes=TAXES)
    own.build()
    broken = own.generation / "de-de" / "vectors.faiss"
    whole = broken.read_bytes()
    damage(broken)
    for _ in range(3):
        follower.refresh()
    assert follower.current() is old
    assert follower.fault is not None
    assert f"generation {own.generation.name} is not taken" in follower.fault
    assert "de-de/vectors.faiss" in follower.fault
    assert len(events) == 2

    broken.write_bytes(whole)
    for _ in range(LOOKS_BEFORE_RETRY):
        follower.refresh()
    assert follower.current().generation == own.generation.name
    assert follower.fault is None


def test_a_follower_takes_the_next_generation_after_a_corrupt_one(own: SmallIndex) -> None:
    follower = own.follower()
    follower.refresh()
    own.write("de-de", taxes=TAXES)
    own.build()
    damage(own.generation / "de-de" / "vectors.faiss")
    follower.refresh()
    own.build()
    follower.refresh()
    assert (follower.current().generation, follower.fault) == (own.generation.name, None)


def test_a_follower_goes_back_with_a_rollback(own: SmallIndex) -> None:
    follower = own.follower()
    follower.refresh()
    first = follower.current().generation
    own.write("de-de", taxes=TAXES)
    own.build()
    follower.refresh()
    rollback(own.index_dir)
    follower.refresh()
    assert follower.current().generation == first


def test_a_lost_current_keeps_the_index_and_says_so(own: SmallIndex) -> None:
    follower = own.follower()
    follower.refresh()
    serving = follower.current()
    name = (own.index_dir / "CURRENT").read_bytes()
    (own.index_dir / "CURRENT").unlink()
    follower.refresh()
    assert follower.current() is serving
    assert "no generation is published here" in str(follower.fault)
    (own.index_dir / "CURRENT").write_bytes(name)
    follower.refresh()
    assert follower.fault is None


def test_a_hundred_generations_while_threads_ask_drop_and_mix_nothing(memory_dir: Path) -> None:
    small = SmallIndex(memory_dir)
    numbers: dict[str, int] = {}

    def publish(number: int) -> None:
        """Two articles that both say which generation they are of."""
        for name in ("mail", "seats"):
            small.write(
                "de-de", **{name: SmallArticle((name, name), [(f"{name} aus Fassung {number}.", name)])}
            )
        small.build(options=BuildOptions(locales=("de-de",)))
        numbers[small.generation.name] = number

    publish(0)
    follower = small.follower(poll_s=0.005)
    follower.start()
    indexes: weakref.WeakSet[Index] = weakref.WeakSet({follower.current()})
    answers: list[Ranking] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.wait(0.01):
                index = follower.current()
                indexes.add(index)
                answers.append(index.search("Welche Fassung?", locale="de-de"))
        except BaseException as error:
            errors.append(error)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for number in range(1, 101):
        publish(number)
    done.set()
    for asker in askers:
        asker.join()
    follower.stop()
    follower.refresh()
    assert errors == []
    assert set(indexes) <= {follower.current()}  # the memory of all others has returned
    assert follower.current().generation == small.generation.name
    for answer in answers:
        stated = {hit.passage.text.split()[-1] for hit in answer.hits}
        assert (len(answer.hits), stated) == (2, {f"{numbers[answer.generation]}."})
    assert len({answer.generation for answer in answers}) > 10
