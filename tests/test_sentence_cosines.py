"""How near a text is to each sentence of a passage, read from the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer import Index, UnknownPassage
from tests.small_corpus import MAIL, SEATS, SmallIndex

CODE = "# Code\n\nType it so.\n\n```\nGet-Seats -All\n```\n"


@pytest.fixture
def index(memory_dir: Path) -> Index:
    small = SmallIndex(memory_dir)
    small.write("de-de", mail=MAIL, seats=SEATS, code=CODE)
    small.build()
    return small.open()


def passage_id(index: Index, article: str) -> str:
    rows = index.shards["de-de"].passages
    return next(rows[row].id for row in range(len(rows)) if f"/{article}#" in rows[row].id)


@pytest.mark.parametrize("side", [0, 1], ids=["its own language", "English"])
def test_a_sentence_is_as_near_as_can_be_to_itself_on_either_side(index: Index, side: int) -> None:
    mail = passage_id(index, "mail")
    for number, pair in enumerate(MAIL.sentences):
        cosines = index.sentence_cosines(pair[side], mail)
        assert len(cosines) == 2
        assert cosines[number] == pytest.approx(1.0, abs=1e-3)
        assert cosines[1 - number] < 0.9


def test_a_sentence_of_another_article_is_further_away(index: Index) -> None:
    assert max(index.sentence_cosines(SEATS.sentences[0][0], passage_id(index, "mail"))) < 0.9


def test_a_sentence_without_a_vector_is_the_furthest(index: Index) -> None:
    code = passage_id(index, "code")
    texts = [index.passage(code).text[s.start : s.end] for s in index.passage(code).sentences]
    cosines = dict(zip(texts, index.sentence_cosines("Type it so.", code), strict=True))
    assert cosines["Type it so."] == pytest.approx(1.0, abs=1e-3)
    assert cosines.get("Get-Seats -All", -1.0) == -1.0


def test_an_unknown_passage_is_an_error(index: Index) -> None:
    with pytest.raises(UnknownPassage):
        index.sentence_cosines("Mail", "de-de/help/none#top.0")
    with pytest.raises(UnknownPassage):
        index.sentence_cosines("Mail", "xx-xx/help/mail#top.0")
