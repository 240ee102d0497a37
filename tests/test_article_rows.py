"""What is embedded for an article as a whole."""

from __future__ import annotations

import pytest

from indexer.records import Edition, Translation, TranslationType
from indexer.row_texts import edition_rows


def rows(path: str, title: str, source_title: str | None, description: str = "") -> tuple[str, str]:
    translation = Translation(TranslationType.MACHINE, None, None)
    edition = Edition(path, "de-de", title, source_title, description, "", None, translation)
    words, whole = edition_rows(edition)
    return words.text, whole.text


def test_the_words_of_the_path_stand_alone_and_before_the_titles() -> None:
    assert rows("help/mail-to_customers", "E-Mails", "Mail", "Wer schreibt wem") == (
        "mail to customers",
        "mail to customers\nMail\nE-Mails\nWer schreibt wem",
    )


@pytest.mark.parametrize(("source_title", "said"), [("Mail", "Mail"), (None, "E-Mails")])
def test_a_path_that_is_a_number_says_nothing_and_the_title_stands_for_it(
    source_title: str | None, said: str
) -> None:
    assert rows("help/2021/00012", "E-Mails", source_title)[0] == said
