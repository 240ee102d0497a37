"""Passages are slices of their section, cut at sentence ends, never longer than the window."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.passages import PassageOptions, split_article
from indexer.records import Article, Block, Passage, Sentence
from tests.articles import article, english, pair


def words(texts: Sequence[str]) -> list[int]:
    """A token is a word, or a character of a wide script."""
    return [len(re.findall(r"[一-鿿ぁ-ヿ。]|[^\s一-鿿ぁ-ヿ。]+", text)) for text in texts]


def utf8(texts: Sequence[str]) -> list[int]:
    """As byte-level models count: a token may be less than a character."""
    return [len(text.encode()) for text in texts]


def split(found: Article, limit: int = 6, window: int = 12) -> list[Passage]:
    return split_article(found, words, PassageOptions(limit_tokens=limit, window_tokens=window))


def shown(passages: Sequence[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def test_a_section_within_the_limit_is_one_passage() -> None:
    markdown = (
        f'# 席\n\n## <a name="add"></a>{pair("追加", "Add")}\n\n{pair("足す。", "Add it.")}\n\n詳しく。\n'
    )
    (passage,) = split(article(markdown))
    assert passage.id == "ja-jp/docs/seats#add.0"
    assert passage.url == "https://help.example/ja-jp/docs/seats#add"
    assert (passage.text, passage.source_text) == ("足す。\n詳しく。", "Add it.")
    assert (passage.headings, passage.source_headings) == (("追加",), ("Add",))
    assert (passage.start, passage.context, passage.source_context) == (0, "", "")


def test_a_section_without_an_anchor_has_the_articles_url() -> None:
    (passage,) = split(article("本文。"))
    assert (passage.id, passage.url) == ("ja-jp/docs/seats#.0", "https://help.example/ja-jp/docs/seats")


def test_a_long_section_is_cut_at_sentence_ends_into_even_pieces() -> None:
    sentences = [pair(f"{name}です。", f"It is {name}.", number) for number, name in enumerate("一二三四", 1)]
    passages = split(article(" ".join(sentences)), limit=8)
    assert shown(passages) == ["一です。 二です。", "三です。 四です。"]
    assert [passage.source_text for passage in passages] == ["It is 一. It is 二.", "It is 三. It is 四."]
    assert [passage.id[-2:] for passage in passages] == [".0", ".1"]
    second = passages[1]
    assert second.start == 10
    assert [second.text[s.start : s.end] for s in second.sentences] == ["三です。", "四です。"]
    assert [second.text[b.start : b.end] for b in second.blocks] == [second.text]


def test_all_locales_are_cut_where_the_english_side_is() -> None:
    pairs = [
        pair("とても長い文がここに書いてあります。", "One two."),
        pair("短。", "Three four."),
        pair("短。", "Five six."),
        pair("短。", "Seven eight."),
    ]
    markdown = " ".join(pairs)
    halves = ["One two. Three four.", "Five six. Seven eight."]
    assert [p.source_text for p in split(article(markdown), limit=4, window=99)] == halves
    assert shown(split(english(markdown), limit=4, window=99)) == halves


def test_what_is_too_long_for_the_window_is_cut_by_its_own_side() -> None:
    long = "".join(f"{name}番目の文です。" for name in "一二三四")
    passages = split(article(pair(long, "Short.")), limit=10, window=17)
    assert shown(passages) == ["一番目の文です。二番目の文です。", "三番目の文です。四番目の文です。"]
    assert [passage.source_text for passage in passages] == ["Short.", "Short."]


def test_a_sentence_beyond_the_window_is_cut_at_clauses_then_anywhere() -> None:
    assert shown(
        split(
            article(
                pair("あいう、えおか、きくけ", "x"),
            ),
            window=4,
        )
    ) == ["あいう、", "えおか、", "きくけ"]
    assert shown(split(article(pair("あいうえおか", "x")), window=4)) == ["あいうえ", "おか"]


def test_a_sentence_whose_english_is_too_long_for_the_window_is_cut_and_each_part_has_its_share() -> None:
    english_words = "a1 a2 a3 a4 b1 b2 b3 b4 c1 c2 c3 c4"
    passages = split(article(pair("あいう、えおか。", english_words)), limit=6, window=6)
    # 8 characters are too many for 6 tokens: cut behind the clause, at half of the sentence.
    assert shown(passages) == ["あいう、", "えおか。"]
    assert [passage.source_text for passage in passages] == ["a1 a2 a3 a4 b1 b2", "b3 b4 c1 c2 c3 c4"]
    # What a reader is shown of a sentence stays whole.
    assert [passage.sentences[0].source for passage in passages] == [english_words] * 2


def test_it_is_cut_finer_than_its_own_side_asks_for() -> None:
    english_words = " ".join(f"{letter}{number}" for letter in "abcd" for number in range(6))
    passages = split(article(pair("あい、うえ、おか。", english_words)), limit=6, window=9)
    assert shown(passages) == ["あい、", "うえ、", "おか。"]
    assert max(words([passage.source_text or "" for passage in passages])) <= 9
    said = [word for passage in passages for word in (passage.source_text or "").split()]
    assert list(dict.fromkeys(said)) == english_words.split()


def test_a_sentence_is_not_ground_to_dust_for_its_english() -> None:
    (passage,) = split(article(pair("短い。", "word " * 200)), limit=6, window=12)
    assert (passage.text, words([passage.source_text or ""])) == ("短い。", [200])


def test_english_without_blanks_is_shared_by_its_characters() -> None:
    passages = split_article(
        article(pair("あいうえおか", "abcdefghijkl")), utf8, PassageOptions(limit_tokens=9, window_tokens=9)
    )
    assert [(p.text, p.source_text) for p in passages] == [("あいう", "abcdef"), ("えおか", "ghijkl")]


@pytest.mark.parametrize(
    ("model_tokens", "limit", "window"), [(512, 380, 400), (128, 95, 100), (1, 1, 1), (8192, 380, 400)]
)
def test_a_smaller_model_gets_smaller_passages(model_tokens: int, limit: int, window: int) -> None:
    assert PassageOptions.for_model(model_tokens) == PassageOptions(limit_tokens=limit, window_tokens=window)


def test_what_stands_behind_a_sentence_is_cut_off_before_the_sentence_is() -> None:
    markdown = f"# 席\n\n本文。\n\n## 次\n\n[{pair('一二三四。', 'x')}](a.md)\n\n!!\n"
    assert shown(split(article(markdown), limit=5, window=5)) == ["本文。\n次", "一二三四。", "!!"]


@pytest.mark.parametrize("text", ["漢字" * 30, "🎉" * 30, "㍿" * 30, "a" * 300])
def test_the_window_holds_for_models_that_read_bytes(text: str) -> None:
    passages = split_article(article(text), utf8, PassageOptions(limit_tokens=20, window_tokens=40))
    assert max(utf8(shown(passages))) <= 40
    assert "".join(shown(passages)) == text


def test_a_row_cut_off_from_its_header_keeps_the_column_names() -> None:
    rows = "".join(f"{pair(f'{name}年', f'year {name}')} | {pair('十', 'ten')}\n" for name in "一二三四")
    passages = split(
        article(f"{pair('種類', 'Kind')} | {pair('数', 'Count')}\n-|-\n{rows}"), limit=12, window=99
    )
    assert shown(passages) == ["種類 | 数\n一年 | 十\n二年 | 十", "三年 | 十\n四年 | 十"]
    assert [(p.context, p.source_context) for p in passages] == [("", ""), ("種類 | 数", "Kind | Count")]


def test_an_item_cut_off_from_its_lead_in_keeps_it() -> None:
    items = "".join(f"- {pair(f'{name}です。', f'It is {name}.')}\n" for name in "一二三四")
    passages = split(article(f"{pair('払う場合:', 'You pay when:')}\n\n{items}"), limit=12, window=99)
    assert shown(passages) == ["払う場合:\n一です。\n二です。", "三です。\n四です。"]
    assert [(p.context, p.source_context) for p in passages] == [("", ""), ("払う場合:", "You pay when:")]


def test_code_is_cut_at_line_ends() -> None:
    passages = split(article("```\na b c\nd e f\ng. h i\nj k l\n```\n"))
    assert shown(passages) == ["a b c\nd e f", "g. h i\nj k l"]
    assert [len(passage.sentences) for passage in passages] == [2, 2]


def test_a_blank_line_of_code_stands_once() -> None:
    passages = split(article("```\na b c d\n\ne f g h\n```\n"), limit=4)
    assert [(passage.start, passage.text) for passage in passages] == [(0, "a b c d"), (9, "e f g h")]


def test_folded_text_is_searched_with_its_section() -> None:
    (passage,) = split(article("# 席\n\n本文。\n\n## 次\n\n[払う](a.md)\n"))
    assert [(block.kind.value, passage.text[block.start : block.end]) for block in passage.blocks] == [
        ("paragraph", "本文。"),
        ("folded", "次\n払う"),
    ]


def test_an_article_without_text_has_no_passages() -> None:
    assert split(article("")) == split(article("# 席\n")) == []


LINE = st.sampled_from(
    [
        "席です。",
        "一、二、三",
        "Seats cost 10.",
        "a" * 30,
        "漢" * 25,
        "- x y",
        "1. z",
        "a|b\n-|-\nc|d",
        "```\nq\n\nr\n```",
    ]
)
PAIR = st.builds(pair, st.text("席あ。、 a.!", min_size=1, max_size=30), st.text("ab. ,", max_size=40))
BODY = st.lists(st.sampled_from(["## 一", "### 二"]) | LINE | PAIR, max_size=12).map("\n\n".join)


@given(BODY, st.integers(2, 20), st.integers(4, 30))
def test_passages_cover_their_sections_and_fit_the_window(body: str, limit: int, window: int) -> None:
    found = article(body)
    passages = split(found, limit=min(limit, window), window=window)
    assert len({passage.id for passage in passages}) == len(passages)
    assert max(words(shown(passages)), default=0) <= window
    for section in found.sections:
        own = [passage for passage in passages if passage.anchor == section.anchor]
        for passage in own:
            assert passage.text == section.text[passage.start : passage.start + len(passage.text)]
        assert all(left.start + len(left.text) <= right.start for left, right in pairwise(own))
        assert "".join("".join(shown(own)).split()) == "".join(section.text.split())


@given(BODY, st.integers(4, 30))
def test_a_sentence_that_fits_the_window_is_never_cut(body: str, window: int) -> None:
    found = article(body)
    starts = {(p.anchor, p.start) for p in split(found, limit=min(6, window), window=window)}
    for section in found.sections:
        for sentence in section.sentences:
            text = section.text[sentence.start : sentence.end]
            inside = {(section.anchor, at) for at in range(sentence.start + 1, sentence.end)}
            assert max(words([text, sentence.source or ""])) > window or not starts & inside


@given(BODY, st.integers(4, 30))
def test_no_word_of_the_english_is_lost(body: str, window: int) -> None:
    found = article(body)
    passages = split(found, limit=min(6, window), window=window)
    for section in found.sections:
        texts = [passage.source_text or "" for passage in passages if passage.anchor == section.anchor]
        for sentence in section.sentences:
            source = sentence.source or ""
            # A word alone may be cut.
            assert " " not in source or set(source.split()) <= set(" ".join(texts).split())


@given(BODY)
def test_a_passages_stretches_lie_inside_it_in_order(body: str) -> None:
    for passage in split(article(body)):
        both: tuple[Sequence[Sentence | Block], ...] = (passage.sentences, passage.blocks)
        for stretches in both:
            assert all(0 <= stretch.start < stretch.end <= len(passage.text) for stretch in stretches)
            assert all(left.end <= right.start for left, right in pairwise(stretches))
