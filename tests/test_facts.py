"""Facts that can be looked up: numbers, months, codes, addresses."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.facts import join_stated, read_facts, read_stated
from service.language_words import read_languages

LANGUAGES = read_languages()


def lacks(sentence: str, *texts: str, language: str = "en", told_in: str = "en") -> bool:
    stated = read_stated(texts, [LANGUAGES.of(told_in), LANGUAGES.of("en")])
    return stated.lacks(read_facts(sentence, LANGUAGES.of(language)))


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("It takes 7 days.", "It takes seven days."),
        ("It takes seven days.", "It takes 7 days."),
        ("It costs 1,000 euros.", "It costs 1.000 euros."),
        ("It costs 1 000 euros.", "It costs 1000 euros."),
        ("Microsoft 365 100 seats", "100 seats of Microsoft 365"),
        ("It is 1.5 hours.", "It is 1,5 hours."),
        ("It is 99.90 %.", "It is 99.9%."),
        ("It is 10.", "It is 10 %."),
        ("On May 14, 2021", "2021-05-14"),
        ("On May 14, 2021", "14.05.2021"),
        ("On 5/14/2021", "May 14, 2021"),
        ("Since April", "Nothing of it"),
        ("The 30-day term", "The term of 30 days"),
        ("Error AADSTS50020.", "The error aadsts50020 appears."),
        ("CSPs use MFA.", "A CSP uses MFA."),
        ("Use PowerShell.", "use powershell"),
        ("See example.com/help.", "It is at https://example.com/help."),
        ("Type <name>.", "Type <name> there."),
        ("It is 10GB.", "It is 10 GB."),
        ("You may cancel.", "You may cancel."),
        ("Within forty-five days", "45 days"),
        ("Within thirty-one days", "31 days"),
        ("The two-step way of one partner", "a second way, in 2 steps"),
        ("Ｐｌａｎ ２", "Plan 2"),
    ],
)
def test_a_fact_is_found_however_it_is_written(sentence: str, text: str) -> None:
    assert not lacks(sentence, text)


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("It takes 8 days.", "It takes seven days."),
        ("It takes ten days.", "It takes seven days."),
        ("It takes 70 days.", "It takes 7 days."),
        ("Within thirty-one days", "Within thirty days"),
        ("It costs 10,000 euros.", "It costs 1.000 euros."),
        ("It is 5 hours.", "It is 1.5 hours."),
        ("It is 10%.", "It is 10 days."),
        ("On June 14, 2021", "May 14, 2021"),
        ("On May 15", "May 14"),
        ("Error AADSTS50021.", "The error AADSTS50020 appears."),
        ("Use SSO.", "Use MFA."),
        ("See evil.example/x.", "See example.com."),
        ("See https://example.com/other", "https://example.com/help"),
        ("Write to a@evil.example.", "Write to us."),
        ("It costs $ 10.", "It costs 10."),
        ("Type <b>name</b>.", "Type name."),
        ("See [here](x).", "See here."),
        ("Call Get_Help.", "Call help."),
    ],
)
def test_a_fact_that_is_not_stated_is_missed(sentence: str, text: str) -> None:
    assert lacks(sentence, text)


@pytest.mark.parametrize(
    ("sentence", "text", "language", "told_in"),
    [
        ("7日以内に取り消せます。", "七日以内に取り消せます。", "ja", "ja"),
        ("七日以内に取り消せます。", "within 7 days", "ja", "en"),
        ("2021年5月14日", "May 14, 2021", "ja", "en"),
        ("sieben Tage", "7日以内", "de", "ja"),
        ("im Mai 2021", "2021年5月", "de", "ja"),
        ("в течение семи дней", "within seven days", "ru", "en"),
        ("十分な説明があります。", "There is enough.", "ja", "en"),
        ("一部の顧客です。", "Some customers.", "ja", "en"),
        ("二十日以内", "20日以内", "ja", "ja"),
        ("九月一日之前。", "9月1日", "zh", "zh"),
        ("9月1日之前。", "九月一日", "zh", "zh"),
        ("9월 1일까지입니다.", "By September 1", "ko", "en"),
        ("3 か月、24月", "3 か月、24月", "ja", "ja"),
        ("3个月内", "within 3 months", "zh", "en"),
    ],
)
def test_numbers_and_months_are_the_same_in_every_language(
    sentence: str, text: str, language: str, told_in: str
) -> None:
    assert not lacks(sentence, text, language=language, told_in=told_in)


@pytest.mark.parametrize(
    ("sentence", "text", "language", "told_in"),
    [
        ("十日以内に取り消せます。", "七日以内に取り消せます。", "ja", "ja"),
        ("三個月", "within two months", "zh", "en"),
        ("zehn Tage", "7日以内", "de", "ja"),
        ("2021年6月14日", "May 14, 2021", "ja", "en"),
        # A number that stands there is no month.
        ("9月1日までです。", "9 社は 1 日以内、8月です。", "ja", "ja"),
        ("9月1日之前。", "第 9 项，8月1日。", "zh", "zh"),
        ("9월 1일까지입니다.", "9개, 8월 1일입니다.", "ko", "ko"),
        ("九月一日之前。", "第 9 项，8月1日。", "zh", "zh"),
    ],
)
def test_another_number_is_missed_in_every_language(
    sentence: str, text: str, language: str, told_in: str
) -> None:
    assert lacks(sentence, text, language=language, told_in=told_in)


def test_texts_hold_together_what_each_holds() -> None:
    english = LANGUAGES.of("en")
    joined = join_stated([read_stated(["7 days"], [english]), read_stated(["May 2021"], [english])])
    assert not joined.lacks(read_facts("7 days in May 2021", english))
    assert joined.lacks(read_facts("8 days", english))


@given(st.text())
@example("ßA1")
def test_every_text_states_its_own_facts(text: str) -> None:
    assert not lacks(text, text)


@given(st.text(alphabet="a1.,@:/-_ <[(€", max_size=3_000))
def test_signs_of_all_sorts_are_read_in_linear_time(text: str) -> None:
    assert not lacks(text, text)
