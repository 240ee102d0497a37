"""Filters restrict before the search: what is found is what a plain loop over the editions allows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import Edition, Filters, Index
from tests.small_corpus import SmallArticle, SmallIndex

ROLES = ("Admin agent", "Global admin", "Sales agent")
SCOPES = ("Partner portal", "Partner portal for governments")
ARTICLES = 48
TWINS = 160  # more than the rows that a search takes by meaning, and by words
ASKED = "Wann endet der Platz?"


def _article(number: int) -> SmallArticle:
    """Which roles and scopes an article has are the bits of its number; each text is its own."""
    named = " | ".join(role for bit, role in enumerate(ROLES) if number >> bit & 1)
    scope = " | ".join(name for bit, name in enumerate(SCOPES, 3) if number >> bit & 1)
    return SmallArticle(
        (f"Platz {number}", f"Seat {number}"),
        [(f"Platz {number} endet nach {number + 2} Tagen.", f"Seat {number} ends after {number + 2} days.")],
        roles=(f"**Geeignete Rollen**: {named}", f"**Appropriate roles**: {named}") if named else None,
        applies_to=(f"**Gilt für**: {scope}", f"**Applies to**: {scope}") if scope else None,
    )


def _write(small: SmallIndex, docset: str, name: str, article: SmallArticle) -> None:
    file = small.corpus_dir / "de-de" / docset / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(article.markdown(), "utf-8")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Articles of two docsets whose names, roles and scopes differ."""
    small = SmallIndex(tmp_path_factory.mktemp("filters"))
    for number in range(ARTICLES):
        _write(small, ("help", "Market")[number % 2], f"{'ab'[number % 3 > 1]}{number}", _article(number))
    small.build()
    return small.open()


names = st.none() | st.lists(
    st.sampled_from([*ROLES, *SCOPES, "sales AGENT", "PARTNER portal", "Nobody", ""]), max_size=3
).map(tuple)
globs = st.none() | st.lists(
    st.sampled_from(["*", "help/*", "*/a*", "Market/b?", "market/*", "help/a0", "help/[ab]4", "*1", ""]),
    max_size=3,
).map(tuple)
docsets = st.none() | st.lists(st.sampled_from(["help", "HELP", "market", "none", ""]), max_size=2).map(tuple)
filters = st.builds(Filters, names, names, globs, docsets)


def allows(filters: Filters, edition: Edition) -> bool:
    """The rules once more, written out."""
    docset = edition.path[: edition.path.index("/")]
    given = (
        (filters.roles, lambda name: name.lower() in [role.lower() for role in edition.roles]),
        (filters.applies_to, lambda name: name.lower() in [scope.lower() for scope in edition.applies_to]),
        (filters.docset, lambda name: name.lower() == docset.lower()),
        (filters.articles, lambda glob: _matches(glob, edition.path)),
    )
    return all(wanted is None or any(fits(name) for name in wanted) for wanted, fits in given)


def _matches(glob: str, path: str) -> bool:
    pattern = "".join({"*": ".*", "?": ".", "[": "[", "]": "]"}.get(c, re.escape(c)) for c in glob)
    return re.fullmatch(pattern, path) is not None


@given(filters, st.integers(1, 50))
def test_a_search_finds_what_the_filters_allow_and_fills_k(index: Index, filters: Filters, k: int) -> None:
    allowed = {path for path, edition in index.editions("de-de").items() if allows(filters, edition)}
    hits = index.search(ASKED, locale="de-de", k=k, filters=filters).hits
    found = [hit.passage.edition.path for hit in hits]
    assert len(found) == len(set(found)) == min(k, len(allowed))
    assert set(found) <= allowed
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@given(filters, st.integers(1, 49))
def test_filtered_hits_are_the_first_of_more(index: Index, filters: Filters, k: int) -> None:
    fewer, more = (index.search(ASKED, locale="de-de", k=n, filters=filters).hits for n in (k, k + 1))
    assert more[: len(fewer)] == fewer


def test_the_corpus_has_what_the_filters_ask_for(index: Index) -> None:
    editions = index.editions("de-de")
    assert (editions["help/a0"].roles, editions["help/a0"].applies_to) == ((), ())
    assert editions["Market/a15"].roles == ROLES
    assert editions["Market/a15"].applies_to == SCOPES[:1]


@pytest.mark.parametrize(
    ("docset", "found"),
    [(("Market",), 24), (("market", "help"), 48), (("mark",), 0), (("help/a0",), 0), ((), 0), (None, 48)],
)
def test_a_docset_is_named_whole(index: Index, docset: tuple[str, ...] | None, found: int) -> None:
    hits = index.search(ASKED, locale="de-de", k=50, filters=Filters(docset=docset)).hits
    assert len(hits) == found


def test_no_filter_none_and_an_empty_list_differ(index: Index) -> None:
    everything = index.search(ASKED, locale="de-de", k=50)
    assert len(everything.hits) == ARTICLES
    assert index.search(ASKED, locale="de-de", k=50, filters=Filters()) == everything
    for nothing in (Filters(roles=()), Filters(applies_to=()), Filters(articles=()), Filters(docset=())):
        assert index.search(ASKED, locale="de-de", k=50, filters=nothing).hits == ()


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Many articles that say the very thing that is asked, and ten that say something else."""
    small = SmallIndex(tmp_path_factory.mktemp("crowded"))
    asked = SmallArticle(("Platz", "Seat"), [(ASKED, "When does the seat end?")])
    for number in range(TWINS):
        _write(small, "help", f"twin{number}", asked)
    for number in range(10):
        _write(small, "help", f"other{number}", _article(number))
    small.build()
    return small.open()


def test_equal_passages_leave_the_places_to_others(crowded: Index) -> None:
    hits = crowded.search(ASKED, locale="de-de", k=50).hits
    paths = [hit.passage.edition.path for hit in hits]
    assert paths[0].startswith("help/twin")
    assert sorted(paths[1:]) == [f"help/other{number}" for number in range(10)]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for k in range(1, 12):
        assert crowded.search(ASKED, locale="de-de", k=k).hits == hits[:k]


def test_a_filter_applies_to_the_places_that_are_left(crowded: Index) -> None:
    filters = Filters(articles=("help/twin*", "help/other3"))
    hits = crowded.search(ASKED, locale="de-de", k=50, filters=filters).hits
    assert [hit.passage.edition.path for hit in hits][1:] == ["help/other3"]
