"""What the service's pages have in common: the head, the choice of language, and the headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from service.markup import Attributes, Markup, document, element, in_locale
from service.page_texts import PageLanguages, PageTexts

# No script at all; a form may be sent to this service.
FORM_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# What is answered depends on these, and no cache should keep what somebody asked.
PAGE_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept-Language"}


def page(body: Markup, texts: PageTexts, *, title: str, scripts: Sequence[str] = ()) -> Markup:
    """A whole page; `scripts` are the addresses of its modules."""
    head = [
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, f"{title} - Citedesk"),
        element("link", {"rel": "icon", "href": "/demo/icon.svg", "type": "image/svg+xml"}),
        element("link", {"rel": "stylesheet", "href": "/demo/page.css"}),
    ]
    head += [element("script", {"type": "module", "src": script}) for script in scripts]
    return document(head, body, locale=texts.locale)


def language_links(
    languages: PageLanguages, texts: PageTexts, *, path: str, kept: Mapping[str, str]
) -> Markup:
    """Links to the same page in the other languages; `kept` are the parameters that they keep."""
    items = [
        element(
            "li", None, _language_link(locale, name, texts, f"{path}?{urlencode({**kept, 'lang': locale})}")
        )
        for locale, name in sorted(languages.names.items())
    ]
    return element(
        "nav", {"class": "languages", "aria-label": texts["language"]}, element("ul", None, *items)
    )


def _language_link(locale: str, name: str, texts: PageTexts, address: str) -> Markup:
    current = "true" if locale == texts.locale else None
    attributes: Attributes = {
        "href": address, "hreflang": locale, "aria-current": current, **in_locale(locale),
    }  # fmt: skip
    return element("a", attributes, name)


def options(choices: Sequence[tuple[str, str]], *, chosen: str) -> Sequence[Markup]:
    """The options of a select, as (value, text)."""
    return [element("option", {"value": value, "selected": value == chosen}, text) for value, text in choices]
