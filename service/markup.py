"""HTML put together from elements. Every text that enters is escaped here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlsplit

VOID_ELEMENTS = frozenset({"input", "link", "meta"})
# Languages that are written from right to left, of those that a locale may name.
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

Attributes = Mapping[str, str | bool | None]


class Markup(str):
    """HTML that enters as it is; plain text is any other string."""

    __slots__ = ()


def element(name: str, attributes: Attributes | None = None, *content: str) -> Markup:
    """An element; plain text in it is escaped.

    An attribute of None or False is left out, one of True stands without a value.
    """
    given = "".join(_attribute(key, value) for key, value in (attributes or {}).items())
    if name in VOID_ELEMENTS:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(content)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """The parts one after another; plain text among them is escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def document(head: Iterable[str], body: Markup, *, locale: str) -> Markup:
    """A whole page in the language and direction of `locale`."""
    page = element("html", in_locale(locale), element("head", None, *head), body)
    return Markup(f"<!doctype html>\n{page}\n")


def in_locale(locale: str) -> Attributes:
    """The attributes of an element whose text is in `locale`."""
    return {"lang": locale, "dir": "rtl" if locale.split("-")[0] in RIGHT_TO_LEFT else "ltr"}


def link(address: str, text: str, attributes: Attributes | None = None) -> Markup:
    """A link, or the bare text where the address is none of the web: no javascript:, no data:."""
    if not is_web_address(address):
        return element("span", attributes, text)
    return element("a", {"href": address, "rel": "noopener noreferrer", **(attributes or {})}, text)


def is_web_address(address: str) -> bool:
    """Whether it is http or https, with a host."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _attribute(name: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(value)}"'
