"""A question in another language than the locale's finds passages by the words of their translations."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer import Index
from indexer.translations import Translations
from tests.small_corpus import SmallIndex

# Enough articles that a language's own words are in a twentieth of its passages.
ENGLISH = "# Fees\n\nThe customer pays the fees of the month.\n\n## Late\n\nWho pays late pays the tenth.\n"
FRENCH = (
    '# <a name="fees"></a>Frais\n\nLe client paie les frais du mois.\n\n'
    '## <a name="late"></a>En retard\n\nQui paie en retard paie le dixième.\n'
)
OTHER = "# Seats\n\nA seat is for one person of the customer.\n"
OTHER_FRENCH = '# <a name="seats"></a>Places\n\nUne place est pour une personne du client.\n'


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    small = SmallIndex(tmp_path_factory.mktemp("translations"))
    small.write("en-us", fees=ENGLISH, seats=OTHER)
    small.write("fr-fr", fees=FRENCH, seats=OTHER_FRENCH)
    small.build()
    return small.open()


@pytest.fixture(scope="module")
def translations(index: Index) -> Translations:
    return Translations(index.shards)


def test_a_question_is_in_the_language_whose_words_it_has(translations: Translations) -> None:
    assert translations.language_of("Qui paie les frais du mois ?", "en-us") == "fr-fr"
    assert translations.language_of("Who pays the fees of the month?", "en-us") is None
    assert translations.language_of("Qui paie les frais du mois ?", "fr-fr") is None
    assert translations.language_of("xyzzy", "en-us") is None


def test_what_the_translation_scores_counts_for_the_passage(index: Index, translations: Translations) -> None:
    asked = (("Qui paie les frais en retard ?", 1.0),)
    borrowed = translations.lexical_scores(asked, "en-us")
    assert borrowed is not None
    french, english = index.shards["fr-fr"], index.shards["en-us"]
    scores = dict(zip(french.passages.ids(), french.target_scores(asked).tolist(), strict=True))
    expected = [scores[passage_id.replace("en-us", "fr-fr")] for passage_id in english.passages.ids()]
    assert borrowed.tolist() == pytest.approx(expected)
    assert max(expected) > 0.4


def test_a_passage_without_a_translation_borrows_nothing(tmp_path: Path) -> None:
    small = SmallIndex(tmp_path)
    small.write("en-us", fees=ENGLISH, alone=OTHER)
    small.write("fr-fr", fees=FRENCH)
    small.build()
    index = small.open()
    borrowed = Translations(index.shards).lexical_scores((("Qui paie les frais du mois ?", 1.0),), "en-us")
    assert borrowed is not None
    alone = [at for at, name in enumerate(index.shards["en-us"].passages.ids()) if "/alone" in name]
    assert [borrowed[at] for at in alone] == [0.0]


def test_the_search_answers_from_the_locale_asked(index: Index) -> None:
    hits = index.search("Qui paie en retard ?", locale="en-us", k=3).hits
    assert {hit.passage.edition.locale for hit in hits} == {"en-us"}
    best = max(hits, key=lambda hit: hit.scores.lexical)
    assert (best.passage.anchor, best.scores.lexical > 0.4) == ("late", True)


def test_an_index_of_one_locale_has_nobody_to_borrow_from(tmp_path: Path) -> None:
    small = SmallIndex(tmp_path)
    small.write("en-us", fees=ENGLISH)
    small.build()
    assert Translations(small.open().shards).language_of("Qui paie les frais ?", "en-us") is None
