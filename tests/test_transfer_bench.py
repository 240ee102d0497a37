"""The sets that nothing was learnt from: how they are read, and what is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.transfer_bench import DOCSET, SETS, read_sets, write_articles


def test_every_paragraph_is_an_article_under_its_articles_title(tmp_path: Path) -> None:
    source = tmp_path / "set.json"
    paragraphs = [
        {"context": "The Elbe rises in the mountains.", "qas": [{"question": "Where does it rise?"}]},
        {"context": "It ends in the sea: a wide mouth.", "qas": []},
    ]
    source.write_text(json.dumps({"data": [{"title": 'Elbe: a "river"', "paragraphs": paragraphs}]}), "utf-8")
    (asked,) = write_articles(source, "en-us", tmp_path / "corpus")
    assert (asked.query, asked.articles) == ("Where does it rise?", (f"{DOCSET}/00000",))
    written = (tmp_path / "corpus" / "en-us" / DOCSET / "00001.md").read_text("utf-8")
    assert written.endswith('# Elbe: a "river"\n\nIt ends in the sea: a wide mouth.\n')


@pytest.mark.parametrize("locale", ["de-de", "ja-jp", "zh-tw"])
def test_the_sets_have_paragraphs_and_questions_that_stand_once(locale: str) -> None:
    articles = json.loads(read_sets([])[locale].read_text("utf-8"))["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    asked = [each["question"] for paragraph in paragraphs for each in paragraph["qas"]]
    assert (len(articles), len(paragraphs), len(asked)) == (20, 140, 200)
    assert len({paragraph["context"] for paragraph in paragraphs}) == 140
    assert len(set(asked)) == 200


def test_other_sets_are_named_with_their_locale(tmp_path: Path) -> None:
    file = tmp_path / "valid.json"
    file.touch()
    assert read_sets([f"ja-jp={file}"]) == {"ja-jp": file}
    for wrong in ("ja-jp", "ja-jp=", f"ja-jp={tmp_path / 'missing.json'}"):
        with pytest.raises(SystemExit, match=r"ja-jp: there is no file .*LOCALE=FILE"):
            read_sets([wrong])
    assert set(read_sets([])) == {file.stem for file in SETS.glob("*.json")}
