"""Docsets are found by their configuration or the names of their folders, each with its locale."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.docsets import Docset, find_docsets, refuse_twins
from indexer.errors import CorpusError

PUBLISH = ".openpublishing.publish.config.json"


def write(root: Path, **files: object) -> Path:
    """Files below a folder; `a__b` is the path a/b, and what is no text is written as JSON."""
    for name, content in files.items():
        file = root / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return root


def page(folder: Path, name: str = "seats.md") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("# 席\n\n本文です。\n", "utf-8")
    return folder


def publish(root: Path, *entries: object) -> None:
    root.mkdir(parents=True, exist_ok=True)
    (root / PUBLISH).write_text(json.dumps({"docsets_to_publish": entries}), "utf-8-sig")


def found(root: Path, **base_paths: str) -> list[tuple[str, str, str, str]]:
    docsets = find_docsets(root, base_paths)
    return [(d.locale, d.name, d.base_path, d.folder.relative_to(root).as_posix()) for d in docsets]


def test_a_checkout_names_docset_locale_and_base_path(tmp_path: Path) -> None:
    page(tmp_path / "Help")
    publish(
        tmp_path,
        {"build_source_folder": "help", "build_output_subfolder": "partner-help", "locale": "ja-JP"},
        {"build_source_folder": "absent", "locale": "ja-JP"},
    )
    assert found(tmp_path) == [("ja-jp", "Help", "partner-help", "Help")]


def test_a_checkout_without_a_locale_takes_it_from_its_name(tmp_path: Path) -> None:
    page(tmp_path / "help.zh-TW" / "docs")
    publish(tmp_path / "help.zh-TW", {"build_source_folder": "./docs/"})
    assert found(tmp_path) == [("zh-tw", "docs", "docs", "help.zh-TW/docs")]


def test_a_folder_with_docfx_json_is_a_docset(tmp_path: Path) -> None:
    content = [{"exclude": ["**/obj/**"]}, {"exclude": "old.md"}, {"exclude": None}, "x"]
    write(page(tmp_path / "ja-jp" / "help"), **{"docfx.json": {"build": {"content": content}}})
    (docset,) = find_docsets(tmp_path / "ja-jp" / "help", {})
    assert docset == Docset(
        name="help",
        locale="ja-jp",
        folder=tmp_path / "ja-jp" / "help",
        root=tmp_path / "ja-jp" / "help",
        base_path="help",
        redirects={},
        excluded=("**/obj/**", "old.md"),
    )


def test_folders_named_after_locales_hold_docsets(tmp_path: Path) -> None:
    for folder in ("JA-JP/help", "de-de/help", "docs.pt-BR/help", "zh-Hant-TW/how-to"):
        page(tmp_path / folder)
    page(tmp_path / "de-de", "README.md")
    page(tmp_path / ".git" / "de-de" / "help")
    assert found(tmp_path) == [
        ("ja-jp", "help", "help", "JA-JP/help"),
        ("de-de", "help", "help", "de-de/help"),
        ("pt-br", "help", "help", "docs.pt-BR/help"),
        ("zh-hant-tw", "how-to", "how-to", "zh-Hant-TW/how-to"),
    ]


def test_a_base_path_is_a_setting(tmp_path: Path) -> None:
    page(tmp_path / "ja-jp" / "help")
    assert found(tmp_path, help="/partner-center/help/")[0][2] == "partner-center/help"


def test_redirections_are_read_from_the_checkout(tmp_path: Path) -> None:
    entries = [{"source_path": "Help/Old.md", "redirect_url": "/help/new"}, {"source_path": "x"}, 7]
    write(tmp_path, **{".openpublishing.redirection.json": {"redirections": entries}})
    page(tmp_path / "help.ja-jp")
    assert find_docsets(tmp_path / "help.ja-jp", {})[0].redirects == {"help/old.md": "/help/new"}


def test_articles_without_a_locale_are_refused(tmp_path: Path) -> None:
    write(page(tmp_path / "help"), **{"docfx.json": {}})
    with pytest.raises(
        CorpusError, match=r"help has articles but no locale: put it below a folder named after one"
    ):
        find_docsets(tmp_path, {})
    publish(tmp_path / "checkout", {"build_source_folder": "help"})
    page(tmp_path / "checkout" / "help")
    with pytest.raises(CorpusError, match="gives no locale for help"):
        find_docsets(tmp_path / "checkout", {})


@pytest.mark.parametrize(
    "config", ["", "{", "[]", '{"docsets_to_publish": 1}', '{"docsets_to_publish": ["x"]}', "[" * 100_000]
)
def test_a_broken_configuration_is_named(tmp_path: Path, config: str) -> None:
    write(tmp_path, **{PUBLISH: config})
    with pytest.raises(
        CorpusError, match=r"\.openpublishing\.publish\.config\.json (can't be read|has no list)"
    ):
        find_docsets(tmp_path, {})


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"missing is no folder$"):
        find_docsets(tmp_path / "missing", {})


def test_the_same_docset_twice_in_a_locale_is_refused(tmp_path: Path) -> None:
    for folder in ("a/ja-jp/help", "b/ja-jp/help", "a/de-de/help", "a/ja-jp/other"):
        page(tmp_path / folder)
    docsets = find_docsets(tmp_path, {})
    with pytest.raises(
        CorpusError, match=r"help in ja-jp stands twice: .*a/ja-jp/help and .*b/ja-jp/help; name one"
    ):
        refuse_twins(docsets)
    refuse_twins(docset for docset in docsets if "/a/" in str(docset.folder))
