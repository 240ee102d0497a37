"""Searching an index, and following CURRENT from one generation to the next."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from indexer import (
    Filters,
    Index,
    IndexCorrupt,
    IndexMissing,
    Passage,
    QuestionError,
    Ranking,
    Turn,
    UnknownArticle,
    UnknownLocale,
    UnknownPassage,
    open_index,
)
from indexer.reading import TURN_CHARS, TURN_DECAY, TURNS
from tests.fakes import HashEmbedder
from tests.small_corpus import FRENCH_MAIL, MAIL, SEATS, TAXES, SmallIndex, damage

QUESTION = "Wann schreibt der Anbieter den Kunden?"
NOTHING = ()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallIndex:
    small = SmallIndex(tmp_path_factory.mktemp("small"))
    small.write("de-de", mail=MAIL, seats=SEATS, taxes=TAXES)
    small.write("fr-fr", mail=FRENCH_MAIL)
    small.build()
    return small


@pytest.fixture(scope="module")
def index(small: SmallIndex) -> Index:
    return small.open()


def found(ranking: Ranking) -> list[str]:
    return [hit.passage.edition.path for hit in ranking.hits]


def test_the_right_passage_is_found_first(index: Index) -> None:
    ranking = index.search(QUESTION, locale="de-de", k=2)
    assert (ranking.question, ranking.locale, ranking.generation) == (QUESTION, "de-de", index.generation)
    first, second = ranking.hits
    assert (first.rank, first.passage.id, second.rank) == (1, "de-de/help/mail#top.0", 2)
    assert first.score > second.score


def test_a_question_in_english_finds_the_passage_by_its_english_side(index: Index) -> None:
    hit = index.search("Does the vendor write about prices?", locale="de-de", k=1).hits[0]
    assert hit.passage.sentences[1].source == "It never writes about prices."
    assert hit.scores.lexical > 0.2


def test_scores_are_the_cosines_of_the_better_side(index: Index) -> None:
    hit = index.search("It never writes about prices.", locale="de-de", k=1).hits[0]
    embed = HashEmbedder().embed_question
    asked = embed("It never writes about prices.")
    row = "Mail to customers\nThe vendor writes to customers about outages. It never writes about prices."
    assert hit.scores.dense == pytest.approx(float(embed(row) @ asked), abs=1e-6)
    assert hit.scores.sentence == pytest.approx(1, abs=1e-3)
    first = float(embed("The vendor writes to customers about outages.") @ asked)
    assert hit.sentence_scores == pytest.approx((first, 1), abs=1e-3)


def test_every_question_has_fewer_hits_as_the_first_of_more(index: Index) -> None:
    for question in (QUESTION, "seats", "Rechnung", "nichts davon"):
        rankings = [index.search(question, locale="de-de", k=k).hits for k in range(6)]
        assert [len(hits) for hits in rankings] == [0, 1, 2, 3, 3, 3]
        for shorter, longer in pairwise(rankings):
            assert longer[: len(shorter)] == shorter


@pytest.mark.parametrize("locale", ["de-de", "fr-fr", "en-us"])
def test_every_hit_has_the_locale_asked_for(index: Index, locale: str) -> None:
    hits = index.search("Mail to customers", locale=locale).hits
    assert {hit.passage.edition.locale for hit in hits} == {locale}


def test_a_restriction_none_is_no_filter_and_an_empty_tuple_finds_nothing(index: Index) -> None:
    everything = index.search(QUESTION, locale="de-de")
    assert index.search(QUESTION, locale="de-de", filters=Filters()) == everything
    for filters in (Filters(roles=NOTHING), Filters(applies_to=NOTHING), Filters(articles=NOTHING)):
        assert index.search(QUESTION, locale="de-de", filters=filters).hits == ()
    assert index.search(QUESTION, locale="de-de", among=NOTHING).hits == ()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(roles=("Global admin",)), {"help/seats"}),
        (Filters(roles=("global ADMIN", "Admin agent")), {"help/mail", "help/seats"}),
        (Filters(roles=("Sales agent",)), set()),
        (Filters(articles=("help/s*",)), {"help/seats"}),
        (Filters(articles=("help/*", "no/*")), {"help/mail", "help/seats", "help/taxes"}),
        (Filters(roles=("Admin agent",), articles=("help/s*",)), set()),
        (Filters(applies_to=("Partner Center",)), set()),
    ],
)
def test_filters_restrict_the_editions(index: Index, filters: Filters, expected: set[str]) -> None:
    assert set(found(index.search(QUESTION, locale="de-de", filters=filters))) == expected


def test_among_restricts_to_these_editions_besides_the_filters(index: Index) -> None:
    among = {"help/mail", "help/taxes", "help/unknown"}
    assert set(found(index.search(QUESTION, locale="de-de", among=among))) == {"help/mail", "help/taxes"}
    filters = Filters(articles=("help/t*",))
    assert found(index.search(QUESTION, locale="de-de", among=among, filters=filters)) == ["help/taxes"]


def test_passages_of_equal_text_are_one_hit(tmp_path: Path) -> None:
    small = SmallIndex(tmp_path)
    small.write("de-de", mail=MAIL, twin=replace(MAIL, title=("Wann wir schreiben", "When we write")))
    small.build()
    assert found(small.open().search(QUESTION, locale="de-de")) == ["help/twin"]


def test_code_is_searched_but_no_sentence_of_an_answer(tmp_path: Path) -> None:
    small = SmallIndex(tmp_path)
    small.write(
        "de-de", code="# Befehle\n\nSo geht es.\n\n```\nget-seats\n```\n", alone="# Rein\n\n```\nput\n```\n"
    )
    small.build()
    index = small.open()
    hits = {hit.passage.edition.path: hit for hit in index.search("get-seats", locale="de-de").hits}
    scores = hits["help/code"].sentence_scores
    assert (scores[0] > -1, scores[1]) == (True, -1)
    assert hits["help/alone"].scores.sentence == hits["help/alone"].scores.dense


def test_an_earlier_question_keeps_the_topic(index: Index) -> None:
    history = (Turn("user", "Wann enden Plätze?"), Turn("assistant", "Plätze enden nach sieben Tagen."))
    assert found(index.search("Und Preise?", locale="de-de", k=1)) == ["help/mail"]
    assert found(index.search("Und Preise?", locale="de-de", k=1, history=history)) == ["help/seats"]


def test_turns_weigh_less_the_older_they_are_and_a_reply_as_much_as_its_question(index: Index) -> None:
    history = (Turn("user", "eins"), Turn("assistant", "zwei"), Turn("user", " "), Turn("user", "drei"))
    texts = dict(index.prepare("vier", history, locale="de-de").texts)
    assert list(texts) == ["vier", "drei", "zwei", "eins"]
    shares = [1, TURN_DECAY, TURN_DECAY, TURN_DECAY**2]
    assert list(texts.values()) == pytest.approx([share / sum(shares) for share in shares])


def test_only_the_last_turns_count_and_only_their_beginning(index: Index) -> None:
    history = [Turn("user", f"{number} " + "x" * TURN_CHARS) for number in range(TURNS + 2)]
    texts = [text for text, _ in index.prepare("neu", history, locale="de-de").texts]
    assert [text.split()[0] for text in texts[1:]] == [str(number) for number in range(TURNS + 1, 1, -1)]
    assert {len(text) for text in texts[1:]} == {TURN_CHARS}


def test_the_mixed_vector_is_a_unit_vector(index: Index) -> None:
    history = [Turn("user", "Plätze"), Turn("user", "Preise")]
    vector = index.prepare("Wann?", history, locale="de-de").vector
    assert vector.shape == (64,)
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-6)


def test_an_unknown_locale_is_refused_with_the_list(index: Index) -> None:
    with pytest.raises(UnknownLocale, match="'de-at'; there are: de-de, en-us, fr-fr"):
        index.search(QUESTION, locale="de-at")
    with pytest.raises(UnknownLocale):
        index.editions("de")


@pytest.mark.parametrize("question", ["", " \n\t", "\u3000"])
def test_a_blank_question_is_refused(index: Index, question: str) -> None:
    with pytest.raises(QuestionError, match="the question is empty"):
        index.search(question, locale="de-de")


def test_a_passage_is_read_by_its_id(index: Index) -> None:
    passage: Passage = index.passage("fr-fr/help/mail#top.0")
    assert passage.text.startswith("Le vendeur écrit")


@pytest.mark.parametrize("passage_id", ["", "de-de", "de-de/help/mail#top.1", "it-it/help/mail#top.0"])
def test_an_unknown_passage_is_refused_by_its_id(index: Index, passage_id: str) -> None:
    with pytest.raises(UnknownPassage, match=repr(passage_id)):
        index.passage(passage_id)


def test_an_article_is_read_whole_in_reading_order(index: Index) -> None:
    passages = index.article("help/mail", locale="de-de")
    assert [p.id for p in passages] == ["de-de/help/mail#top.0"]
    assert index.article("help/mail", locale="fr-fr") == (index.passage("fr-fr/help/mail#top.0"),)


@pytest.mark.parametrize("path", ["", "help", "mail", "help/mail#top", "help/mail/"])
def test_an_unknown_article_is_refused_by_its_path(index: Index, path: str) -> None:
    with pytest.raises(UnknownArticle, match=f"no article {path!r} in de-de"):
        index.article(path, locale="de-de")
    with pytest.raises(UnknownLocale):
        index.article("help/mail", locale="it-it")


def test_the_summary_counts_and_dates_each_locale(index: Index) -> None:
    rows = [(row.locale, row.articles, row.passages, row.sentences) for row in index.locales]
    assert rows == [("de-de", 3, 3, 4), ("en-us", 3, 3, 4), ("fr-fr", 1, 1, 2)]
    assert [str(row.newest_hand_over) for row in index.locales] == ["2021-05-07", "2021-05-09", "2021-05-09"]


@pytest.fixture
def own(memory_dir: Path) -> SmallIndex:
    """An index that a test may change."""
    own = SmallIndex(memory_dir)
    own.write("de-de", mail=MAIL, seats=SEATS)
    own.write("fr-fr", mail=FRENCH_MAIL)
    own.build()
    return own


@pytest.mark.parametrize(
    "name", ["vectors.faiss", "sentences.rows.npy", "passages.jsonl", "lexical/target/size.json"]
)
def test_a_flipped_bit_is_refused_by_the_files_name(own: SmallIndex, name: str) -> None:
    damage(own.generation / "de-de" / name)
    with pytest.raises(IndexCorrupt, match=f"de-de/{name}"):
        own.open()


def test_a_model_that_did_not_make_the_vectors_is_refused(own: SmallIndex) -> None:
    with pytest.raises(IndexCorrupt, match="the model in it is not the one that made its vectors"):
        open_index(own.index_dir, open_model=lambda _: HashEmbedder(dimension=32))


def test_a_missing_index_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="nowhere: no generation is published here; make one with"):
        open_index(tmp_path / "nowhere")


def test_what_leads_into_a_list_counts_half_for_each_item(own: SmallIndex) -> None:
    items = "Zum Umzug brauchen Sie:\n\n- Kartons.\n- Helfer.\n"
    own.write("de-de", move=f"---\ntitle: Schritte\n---\n\n# Schritte\n\n{items}")
    own.build()
    hit = own.open().search("Umzug Kartons", locale="de-de", k=1).hits[0]
    texts = [hit.passage.text[sentence.start : sentence.end] for sentence in hit.passage.sentences]
    assert texts == ["Zum Umzug brauchen Sie:", "Kartons.", "Helfer."]
    lead_in, boxes, helpers = hit.sentence_words
    assert 0 < lead_in < 1
    assert (boxes, helpers) == pytest.approx((1 - lead_in / 2, lead_in / 2))


def test_a_ranking_says_how_the_questions_cosines_spread(index: Index) -> None:
    ranking = index.search(QUESTION, locale="de-de", k=1)
    stored = index.shards["de-de"]._vectors
    cosines = stored.rows(range(len(stored))) @ index.prepare(QUESTION, locale="de-de").vector
    assert ranking.spread == pytest.approx(float(np.std(cosines.astype(np.float64))), abs=1e-6)


def test_a_ranking_says_how_far_the_best_words_lie_above_the_fifth(index: Index) -> None:
    shard = index.shards["de-de"]
    scores = sorted(shard._lexical_scores(index.prepare(QUESTION, locale="de-de")).tolist(), reverse=True)
    lead = index.search(QUESTION, locale="de-de", k=1).lead
    assert lead == pytest.approx(scores[0] - scores[:5][-1])
    assert lead > 0


def test_each_sentence_of_a_hit_says_what_it_holds_of_the_questions_words(index: Index) -> None:
    hit = index.search("Plätze enden", locale="de-de", k=1).hits[0]
    assert len(hit.sentence_words) == len(hit.passage.sentences)
    by_text = {
        hit.passage.text[sentence.start : sentence.end]: share
        for sentence, share in zip(hit.passage.sentences, hit.sentence_words, strict=True)
    }
    assert all(0 <= share <= 1 + 1e-6 for share in by_text.values())
    assert any(share == pytest.approx(1) for text, share in by_text.items() if "Plätze enden" in text)
