"""A corpus lists every file by name: as an article, as skipped, or as failed; English is derived."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from indexer.article_files import parse_article
from indexer.corpus import Corpus, CorpusOptions, read_corpus
from indexer.errors import CorpusError
from indexer.records import Article
from indexer.source_files import MAX_FILE_BYTES
from tests.articles import PARSER, pair
from tests.conftest import SAMPLES

FAQ = "### YamlMime:FAQ\ntitle: 質問\nsections:\n- questions:\n  - question: いつ？\n    answer: 月末。\n"


def bilingual(target: str, source: str, handed_over: str = "") -> str:
    return f"---\nms.lasthandoff: {handed_over}\n---\n# {pair('席', 'Seats')}\n\n{pair(target, source)}\n"


def docset(root: Path, locale: str = "ja-jp", /, **files: str | bytes) -> Path:
    """`<locale>/help` below a root; `a__b` is the file a/b. Gives the docset's folder."""
    folder = root / locale / "help"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"seats.md": "席です。", **files}.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def paths(corpus: Corpus, locale: str = "ja-jp") -> list[str]:
    return [source.path for source in corpus.files[locale]]


def skipped(corpus: Corpus, folder: Path) -> dict[str, str]:
    return {Path(entry.file).relative_to(folder).as_posix(): entry.reason for entry in corpus.skipped}


def failed(corpus: Corpus, folder: Path) -> dict[str, tuple[str, int | None]]:
    return {Path(e.file).relative_to(folder).as_posix(): (e.reason, e.line) for e in corpus.failed}


def parsed(corpus: Corpus, locale: str = "ja-jp") -> list[Article]:
    found = [parse_article(files, PARSER) for files in corpus.articles(locale)]
    for each in found:
        corpus.note(each.unread)
    return [each.article for each in found if each.article is not None]


# Which files are articles.


def test_articles_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    docset(tmp_path, **{"b.md": "b", "A.MD": "a", "a__z.md": "z", "faq.yml": FAQ, "faq2.yaml": FAQ})
    corpus = read_corpus([tmp_path])
    assert paths(corpus) == ["help/A", "help/a/z", "help/b", "help/faq", "help/faq2", "help/seats"]
    titles = [article.edition.title for article in parsed(corpus)]
    assert titles == ["A", "z", "b", "質問", "質問", "seats"]
    assert (corpus.skipped, corpus.failed) == ([], [])


def test_what_is_no_article_is_named_with_its_reason(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "docfx.json": json.dumps({"build": {"content": [{"exclude": ["old/**", "draft.md"]}]}}),
        "TOC.md": "# [席](seats.md)",
        "news__toc.yml": "- name: 席",
        "README.md": "about",
        "includes__note.md": "note",
        "obj__x.md": "x",
        "old__x.md": "x",
        "draft.md": "x",
        "index.yml": "### YamlMime:Landing\ntitle: 席",
        "data.yml": "a: b",
        ".github__x.md": "x",
        "empty.md": "<!-- nothing -->",
        "picture.png": b"\x89PNG",
    }
    folder = docset(tmp_path, **files)
    corpus = read_corpus([tmp_path])
    assert len(parsed(corpus)) == 1
    assert skipped(corpus, folder) == {
        "TOC.md": "a table of contents",
        "news/toc.yml": "a table of contents",
        "README.md": "about the repository, not an article",
        "includes/note.md": "an include",
        "obj/x.md": "build output",
        "old/x.md": "left out by docfx.json (old/**)",
        "draft.md": "left out by docfx.json (draft.md)",
        "index.yml": "a YamlMime:Landing page",
        "data.yml": "YAML that is no FAQ page",
        ".github": "a hidden folder",
        "empty.md": "an article without text",
    }
    assert corpus.failed == []


def test_what_cannot_be_read_is_named_and_stops_nothing(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "latin.md": "# 席\n\nPl\xe4tze".encode("latin-1", "replace"),
        "header.md": "---\ntitle: a: b\n---\n席",
        "open.md": "---\ntitle: a\n\n席",
        "span.md": '# 席\n\n<span data-ttu-id="a-1">席\n',
        "faq.yml": "### YamlMime:FAQ\n- a\n",
        "big.md": b"x" * (MAX_FILE_BYTES + 1),
        "seats.yml": FAQ,
    }
    folder = docset(tmp_path, **files)
    corpus = read_corpus([tmp_path])
    assert [article.edition.path for article in parsed(corpus)] == ["help/seats"]
    assert failed(corpus, folder) == {
        "big.md": ("larger than 4 MiB", None),
        "seats.yml": ("the article help/seats is read from seats.md already", None),
        "latin.md": ("not UTF-8 (byte 7): save the file as UTF-8", 3),
        "header.md": ("YAML: mapping values are not allowed here", 2),
        "open.md": ("the front matter is not closed by a line of three dashes", 1),
        "span.md": ("bilingual span a-1 is not closed or has no English side", 3),
        "faq.yml": ("the FAQ page is no mapping of keys to values", 1),
    }


def test_nothing_outside_the_corpus_is_read(tmp_path: Path) -> None:
    folder = docset(tmp_path / "corpus")
    secret = docset(tmp_path / "outside", **{"secret.md": "secret"})
    (folder / "link.md").symlink_to(secret / "secret.md")
    (folder / "folder").symlink_to(secret)
    (folder / "inside").symlink_to(folder)
    (folder / "alias.md").symlink_to(folder / "seats.md")
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    os.mkfifo(folder / "pipe.md")
    (folder / "device.md").symlink_to("/dev/zero")
    corpus = read_corpus([tmp_path / "corpus"])
    assert [article.edition.path for article in parsed(corpus)] == ["help/alias", "help/seats"]
    assert skipped(corpus, folder) == {"inside": "a link to a folder of the corpus"}
    assert failed(corpus, folder) == {
        "link.md": ("a link that leaves the corpus", None),
        "folder": ("a link that leaves the corpus", None),
        "device.md": ("a link that leaves the corpus", None),
        "loop.md": ("no regular file", None),
        "gone.md": ("no regular file", None),
        "pipe.md": ("no regular file", None),
    }


def test_a_folder_of_a_locale_that_is_a_link_out_of_the_corpus_is_not_read(tmp_path: Path) -> None:
    docset(tmp_path / "corpus", "de-de")
    docset(tmp_path / "outside")
    (tmp_path / "corpus" / "ja-jp").symlink_to(tmp_path / "outside" / "ja-jp")
    corpus = read_corpus([tmp_path / "corpus"])
    assert list(corpus.files) == ["de-de"]
    reasons = failed(corpus, tmp_path / "corpus")
    assert reasons == {"ja-jp/help/seats.md": ("a link that leaves the corpus", None)}
    assert list(read_corpus([tmp_path / "corpus" / "ja-jp"]).files) == ["ja-jp"]


def test_a_file_that_goes_away_before_it_is_parsed_is_named(tmp_path: Path) -> None:
    folder = docset(tmp_path, **{"gone.md": "x"})
    corpus = read_corpus([tmp_path])
    (folder / "gone.md").unlink()
    assert len(parsed(corpus)) == 1
    assert failed(corpus, folder) == {"gone.md": ("No such file or directory", None)}


def test_a_name_that_is_not_utf8_is_named_in_print(tmp_path: Path) -> None:
    folder = docset(tmp_path)
    Path(os.fsdecode(os.fsencode(folder) + b"/pl\xe4tze.md")).write_text("x")
    corpus = read_corpus([tmp_path])
    assert failed(corpus, folder) == {"pl\\xe4tze.md": ("a name that is not UTF-8: rename the file", None)}


# Which roots are a corpus.


@pytest.mark.parametrize("wanted", [None, ("de-de", "fr-fr")])
def test_a_folder_without_articles_is_refused_by_name(tmp_path: Path, wanted: Sequence[str] | None) -> None:
    if wanted:
        docset(tmp_path)
    where = "in de-de, fr-fr in" if wanted else "in"
    with pytest.raises(
        CorpusError, match=f"no article {where} .*{tmp_path.name}: name a checkout, a docset or"
    ):
        read_corpus([tmp_path], locales=wanted)


def test_two_roots_with_the_same_docset_are_refused(tmp_path: Path) -> None:
    docset(tmp_path / "a")
    docset(tmp_path / "b")
    with pytest.raises(CorpusError, match="help in ja-jp stands twice"):
        read_corpus([tmp_path / "a", tmp_path / "b"])


def test_a_root_may_be_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(docset(tmp_path))
    assert paths(read_corpus([Path()])) == ["help/seats"]
    monkeypatch.chdir(docset(tmp_path, **{"deep__x.md": "x"}) / "deep")
    assert paths(read_corpus([Path("..")])) == ["help/deep/x", "help/seats"]
    monkeypatch.chdir(tmp_path / "ja-jp")
    assert paths(read_corpus([Path("help")])) == ["help/deep/x", "help/seats"]


def test_only_the_wanted_locales_are_listed(tmp_path: Path) -> None:
    for locale in ("ja-jp", "de-de"):
        docset(tmp_path, locale)
    assert list(read_corpus([tmp_path], locales=["de-de"]).files) == ["de-de"]
    assert list(read_corpus([tmp_path], locales=["en-us"]).files) == ["de-de", "ja-jp"]


def test_progress_is_told_of_each_article(tmp_path: Path) -> None:
    docset(tmp_path, **{"a.md": "a", "TOC.md": "x"})
    told: list[int] = []
    read_corpus([tmp_path], progress=told.append)
    assert told == [1, 1]


def test_the_sample_articles_are_read_without_a_failure() -> None:
    corpus = read_corpus(SAMPLES)
    articles = {locale: len(parsed(corpus, locale)) for locale in ("de-de", "en-us", "ja-jp", "zh-tw")}
    assert articles == {"de-de": 17, "en-us": 16, "ja-jp": 16, "zh-tw": 16}
    assert corpus.failed == []
    assert {entry.reason for entry in corpus.skipped} == {"a table of contents"}


# Addresses and redirections.


def test_addresses_come_from_host_and_base_path(tmp_path: Path) -> None:
    docset(tmp_path, **{"index.md": "a", "news__index.md": "b", "news__may.md": "c"})
    options = CorpusOptions(host="https://help.example/", base_paths={"help": "/partner/"})
    urls = [article.edition.url for article in parsed(read_corpus([tmp_path], options=options))]
    assert urls == [
        "https://help.example/ja-jp/partner",
        "https://help.example/ja-jp/partner/news",
        "https://help.example/ja-jp/partner/news/may",
        "https://help.example/ja-jp/partner/seats",
    ]


def test_an_article_that_any_locale_redirects_is_retired_in_all(tmp_path: Path) -> None:
    docset(tmp_path, "de-de", **{"old.md": "alt"})
    docset(tmp_path, "ja-jp", **{"old.md": "古い"})
    table = {"redirections": [{"source_path": "help/Old.md", "redirect_url": "/help/seats"}]}
    (tmp_path / "ja-jp" / ".openpublishing.redirection.json").write_text(json.dumps(table))
    corpus = read_corpus([tmp_path])
    for locale in ("de-de", "ja-jp"):
        retired = {article.edition.path: article.edition.retired_to for article in parsed(corpus, locale)}
        assert retired == {"help/old": "/help/seats", "help/seats": None}


# The source language.


def test_english_is_the_newest_hand_over_that_has_english(tmp_path: Path) -> None:
    docset(tmp_path, "de-de", **{"seats.md": bilingual("Alt.", "Old.", "04/30/2021")})
    docset(tmp_path, "fr-fr", **{"seats.md": bilingual("Nouveau.", "New.", "05/01/2021")})
    docset(
        tmp_path,
        "ja-jp",
        **{"seats.md": "---\nms.lasthandoff: 06/01/2021\n---\n新しい。", "own.md": "日本語。"},
    )
    corpus = read_corpus([tmp_path])
    assert corpus.derives_source
    (found,) = parsed(corpus, "en-us")
    assert (found.edition.path, found.edition.locale, found.edition.title) == ("help/seats", "en-us", "Seats")
    assert found.edition.url == "https://learn.microsoft.com/en-us/help/seats"
    assert found.edition.translation.handed_over == date(2021, 5, 1)
    assert found.sections[0].text == "New."


def test_of_equal_hand_overs_the_first_locale_gives_the_english(tmp_path: Path) -> None:
    for locale, source in (("ja-jp", "From ja."), ("de-de", "From de.")):
        docset(tmp_path, locale, **{"seats.md": bilingual("席。", source)})
    assert parsed(read_corpus([tmp_path]), "en-us")[0].sections[0].text == "From de."


def test_a_broken_newest_version_is_named_once_and_the_next_one_read(tmp_path: Path) -> None:
    broken = bilingual("新。", "New.", "05/01/2021") + '<span data-ttu-id="a-1">'
    folder = docset(tmp_path, "ja-jp", **{"seats.md": broken})
    docset(tmp_path, "de-de", **{"seats.md": bilingual("Alt.", "Old.", "04/30/2021")})
    corpus = read_corpus([tmp_path])
    assert parsed(corpus, "en-us")[0].sections[0].text == "Old."
    assert parsed(corpus, "ja-jp") == []
    assert failed(corpus, folder) == {
        "seats.md": ("bilingual span a-1 is not closed or has no English side", 7)
    }
    assert len(corpus.failed) == 1


def test_a_root_in_english_is_read_itself(tmp_path: Path) -> None:
    docset(tmp_path, "ja-jp", **{"seats.md": bilingual("席。", "From ja.")})
    docset(tmp_path, "en-us", **{"seats.md": "# Seats\n\nFrom en."})
    corpus = read_corpus([tmp_path])
    assert not corpus.derives_source
    assert parsed(corpus, "en-us")[0].sections[0].text == "From en."
    assert parsed(corpus, "en-us")[0].edition.translation.type == "source"


def test_an_faq_page_gives_no_english(tmp_path: Path) -> None:
    docset(tmp_path, **{"faq.yml": FAQ + f"summary: {pair('質問', 'Questions')}\n"})
    assert not read_corpus([tmp_path]).derives_source


# What a locale is computed from.


def test_the_digest_changes_with_what_is_read(tmp_path: Path) -> None:
    folder = docset(tmp_path, **{"a.md": bilingual("一。", "One.")})

    def digests(**base_paths: str) -> tuple[str, str]:
        corpus = read_corpus([tmp_path], options=CorpusOptions(base_paths=base_paths))
        return corpus.digest("ja-jp"), corpus.digest("en-us")

    first = digests()
    (folder / "TOC.md").write_text("席")
    assert digests() == first
    assert set(digests(help="x")).isdisjoint(first)
    (folder / "seats.md").write_text("席と本文です。")
    assert [new == old for new, old in zip(digests(), first, strict=True)] == [False, True]
    (folder / "a.md").write_text(bilingual("一。", "Two."))
    assert set(digests()).isdisjoint(first)
