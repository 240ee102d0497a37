"""Docsets on disk: folders of articles in one locale, found by their configuration or their names.

A root is a checkout (`.openpublishing.publish.config.json` names docsets, locale and base path), a
folder with `docfx.json`, a folder of such, or `<locale>/<docset>/...`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.errors import CorpusError
from indexer.locales import is_locale, normalise_locale

PUBLISH_CONFIG = ".openpublishing.publish.config.json"
REDIRECTIONS = ".openpublishing.redirection.json"
DOCFX_CONFIG = "docfx.json"
_SEARCH_DEPTH = 3
# About a repository, in any of its folders; no articles.
REPOSITORY_PAGES = frozenset({"readme", "license", "license-code", "thirdpartynotices", "contributing"})


@dataclass(frozen=True, slots=True)
class Docset:
    """A folder of articles in one locale.

    `base_path` is its place in the web address. `root` is the folder that was named; nothing read
    may lie outside of it. `redirects` maps paths below `root`, lower case, to the address that replaced them.
    `excluded` holds the globs that docfx.json leaves out.
    """

    name: str
    locale: str
    folder: Path
    root: Path
    base_path: str
    redirects: Mapping[str, str]
    excluded: tuple[str, ...] = ()


def find_docsets(root: Path, base_paths: Mapping[str, str]) -> list[Docset]:
    """The docsets at or below `root`, sorted by folder; `base_paths` overrides by docset name.

    Raises: CorpusError where `root` is no folder, can't be listed, or holds articles without a
    locale, and where a configuration file can't be read.
    """
    if not root.is_dir():
        raise CorpusError(f"{root} is no folder")
    return [
        replace(found, root=root, base_path=base_paths.get(found.name, found.base_path).strip("/"))
        for found in _docsets_below(root, depth=0, locale=_locale_of(root.parent.name))
    ]


def _docsets_below(folder: Path, *, depth: int, locale: str | None) -> list[Docset]:
    if (folder / PUBLISH_CONFIG).is_file():
        return _checkout_docsets(folder)
    locale = _locale_of(folder.name) or locale
    if (folder / DOCFX_CONFIG).is_file() or (locale is not None and _holds_articles(folder)):
        if locale is None:
            raise CorpusError(
                f"{folder} has articles but no locale: put it below a folder named after one, such as ja-jp"
            )
        return [_docset(folder, folder.parent, locale, folder.name)]
    if depth >= _SEARCH_DEPTH:
        return []
    return [
        docset
        for child in _folders(folder)
        if not child.name.startswith(".")
        for docset in _docsets_below(child, depth=depth + 1, locale=locale)
    ]


def refuse_twins(docsets: Iterable[Docset]) -> None:
    """Raise CorpusError where two folders hold the same docset in the same locale."""
    seen: dict[tuple[str, str], Docset] = {}
    for docset in docsets:
        twin = seen.setdefault((docset.locale, docset.name), docset)
        if twin is not docset:
            raise CorpusError(
                f"{docset.name} in {docset.locale} stands twice: "
                f"{twin.folder} and {docset.folder}; name one of them"
            )


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(child for child in root.iterdir() if child.is_dir())
    except OSError as error:
        raise CorpusError(f"{root} can't be listed: {error.strerror}") from error


def _holds_articles(folder: Path) -> bool:
    return any(file.stem.lower() not in REPOSITORY_PAGES for file in folder.glob("*.md"))


def _checkout_docsets(root: Path) -> list[Docset]:
    config = _load_json(root / PUBLISH_CONFIG)
    entries = config.get("docsets_to_publish") if isinstance(config, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CorpusError(f"{root / PUBLISH_CONFIG} has no list of docsets_to_publish")
    folders = {child.name.lower(): child for child in _folders(root)}
    found = []
    for entry in entries:
        # A checkout of part of a repository lacks some of the folders that it publishes.
        folder = folders.get(str(entry.get("build_source_folder", "")).strip("./").lower())
        if folder is None:
            continue
        locale = _locale_of(str(entry.get("locale", ""))) or _locale_of(root.name)
        if locale is None:
            raise CorpusError(f"{root / PUBLISH_CONFIG} gives no locale for {folder.name}")
        base_path = str(entry.get("build_output_subfolder") or folder.name)
        found.append(_docset(folder, root, locale, base_path))
    return found


def _docset(folder: Path, root: Path, locale: str, base_path: str) -> Docset:
    return Docset(folder.name, locale, folder, root, base_path, _redirects(root), _excluded(folder))


def _redirects(root: Path) -> Mapping[str, str]:
    if not (root / REDIRECTIONS).is_file():
        return {}
    table = _load_json(root / REDIRECTIONS)
    entries = table.get("redirections") if isinstance(table, dict) else None
    return {
        str(entry["source_path"]).lower(): str(entry["redirect_url"])
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and "source_path" in entry and "redirect_url" in entry
    }


def _excluded(folder: Path) -> tuple[str, ...]:
    if not (folder / DOCFX_CONFIG).is_file():
        return ()
    config = _load_json(folder / DOCFX_CONFIG)
    build = config.get("build") if isinstance(config, dict) else None
    content = build.get("content") if isinstance(build, dict) else None
    lists = [entry.get("exclude") for entry in _list(content) if isinstance(entry, dict)]
    return tuple(str(glob) for globs in lists for glob in _list(globs))


def _list(value: object) -> list[object]:
    """`value` where it is a list; docfx takes a single value for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _locale_of(name: str) -> str | None:
    """The locale that a folder is named after: `ja-jp`, or `partner-center-pr.ja-jp`."""
    last = name.rsplit(".", 1)[-1]
    return normalise_locale(last) if is_locale(last) else None


def _load_json(file: Path) -> object:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise CorpusError(f"{file} can't be read: {error}") from error
