"""Chinese typed in the other script."""

from __future__ import annotations

import pytest

from indexer.scripts import in_script_of, simplify


@pytest.mark.parametrize(
    ("locale", "typed", "read"),
    [
        ("zh-tw", "微软可以发邮件吗", "微軟可以發郵件嗎"),
        ("zh-hk", "发票", "發票"),
        ("zh-tw", "微軟可以發郵件嗎", "微軟可以發郵件嗎"),
        ("zh-cn", "微軟可以發郵件嗎", "微软可以发邮件吗"),
        ("zh-cn", "微软可以发邮件吗", "微软可以发邮件吗"),
        ("zh-cn", "發票的类型", "发票的类型"),
        ("zh-tw", "Azure plan", "Azure plan"),
        ("ja-jp", "学校の国", "学校の国"),
    ],
)
def test_a_question_is_read_in_the_script_of_its_locale(locale: str, typed: str, read: str) -> None:
    assert in_script_of(locale, typed) == read


def test_a_question_with_a_traditional_character_stays_as_typed_for_a_traditional_locale() -> None:
    # 台 is 臺 by the book, and both are written; 类 is a slip that the terms forgive.
    assert in_script_of("zh-tw", "台灣的类型") == "台灣的类型"


def test_simplified_text_stays() -> None:
    assert simplify("发票 P2") == "发票 P2"
    assert simplify("發票 P2") == "发票 P2"
    assert simplify("") == ""
