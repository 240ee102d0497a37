"""Which other locales may answer where the asked one can't, and with which of their articles."""

from __future__ import annotations

from collections.abc import Iterator

from indexer import SOURCE_LOCALE, Edition, Index


def other_locales(index: Index, asked: str) -> Iterator[str]:
    """The locales besides `asked` in the order in which they are asked: the source locale first."""
    others = sorted(summary.locale for summary in index.locales if summary.locale != asked)
    yield from sorted(others, key=lambda locale: locale != SOURCE_LOCALE)


def editions_missing_in(index: Index, asked: str, other: str) -> frozenset[str]:
    """Paths of the editions in `other` that `asked` lacks, or has with an earlier hand-over."""
    known = index.editions(asked)
    return frozenset(
        path
        for path, edition in index.editions(other).items()
        if path not in known or _is_newer(edition, known[path])
    )


def _is_newer(edition: Edition, known: Edition) -> bool:
    handed, before = edition.translation.handed_over, known.translation.handed_over
    return handed is not None and before is not None and handed > before
