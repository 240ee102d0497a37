"""YAML of articles, read without trust: front matter, FAQ pages, tables of contents.

Aliases, tags, duplicate keys, deep nesting and large headers are refused (a 324-byte alias bomb
parses in 2 ms and takes seconds to walk). Scalars stay text: `title: 1.10` is no number and
`title: No` no boolean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import NoReturn

import yaml

from indexer.errors import ArticleError

MAX_DEPTH = 12
MAX_HEADER_CHARS = 64 * 1024
MAX_YAML_CHARS = 1024 * 1024  # PyYAML reads some 100 kB a second
_FENCE = re.compile(r"---[ \t]*\n")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)


_NULL = "tag:yaml.org,2002:null"
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses aliases, tags, repeated keys and depth, and knows text and null only."""

    # The three ignores: types-PyYAML leaves peek_event untyped and knows only whole numbers as an index.
    depth = 0

    def _refuse(self, reason: str) -> NoReturn:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        raise yaml.MarkedYAMLError(problem=reason, problem_mark=mark)

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self._refuse("aliases are not allowed")
        if getattr(event, "tag", None) is not None:
            self._refuse(f"tags are not allowed ({event.tag})")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._refuse(f"nested deeper than {MAX_DEPTH}")
        node: yaml.Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key in seen:
                reason = "a key is no plain word" if key is None else f"key {key!r} stands twice"
                raise yaml.MarkedYAMLError(problem=reason, problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        text = str(super().construct_scalar(node))
        if _SURROGATE.search(text):
            raise yaml.MarkedYAMLError(problem="half a surrogate pair", problem_mark=node.start_mark)
        return text


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == _NULL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str, *, path: str, first_line: int = 1) -> object:
    """Parse one YAML document into dicts, lists, text and None.

    Raises: ArticleError with the line in the file.
    """
    if len(text) > MAX_YAML_CHARS:
        raise ArticleError(path, first_line, f"YAML longer than {MAX_YAML_CHARS} characters")
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else first_line + error.problem_mark.line
        raise ArticleError(path, line, f"YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ArticleError(path, first_line, f"YAML: {error}") from error


def split_front_matter(text: str, *, path: str) -> tuple[Mapping[str, object], str, int]:
    """Split an article into its header, its body, and the line on which the body begins.

    An article without front matter has an empty header. `text` has Unix line ends.
    Raises: ArticleError where the header is not closed, not a mapping, or too large.
    """
    opening = _FENCE.match(text)
    if opening is None:
        return {}, text, 1
    closing = _END.search(text, opening.end())
    if closing is None:
        raise ArticleError(path, 1, "the front matter is not closed by a line of three dashes")
    if closing.start() > MAX_HEADER_CHARS:
        raise ArticleError(path, 1, f"the front matter is longer than {MAX_HEADER_CHARS} characters")
    header = load_yaml(text[opening.end() : closing.start()], path=path, first_line=2)
    if header is None:
        header = {}
    if not isinstance(header, dict):
        raise ArticleError(path, 2, "the front matter is no mapping of keys to values")
    return header, text[closing.end() :].removeprefix("\n"), text.count("\n", 0, closing.end()) + 2


def header_text(header: Mapping[str, object], key: str) -> str:
    """The value of `key` as text, "" where it is absent, empty or no scalar."""
    value = header.get(key)
    return value.strip() if isinstance(value, str) else ""


def header_date(header: Mapping[str, object], key: str) -> date | None:
    """The value of `key` as a date: MM/DD/YYYY as docfx writes it, or ISO; None where it is neither."""
    value = header_text(header, key)
    for form in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(value, form).date()
        except ValueError:
            continue
    return None
