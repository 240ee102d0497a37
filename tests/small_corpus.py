"""Small bilingual docsets, written to disk: made-up articles whose rows can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from numpy.typing import NDArray
import numpy as np

from indexer import Index, IndexFollower, open_index
from indexer.build import BuildOptions, build_index
from indexer.build_report import BuildReport
from indexer.model import PreparedModel
from tests.fakes import HashEmbedder

NOON = datetime(2024, 5, 14, 12, 0, 0, tzinfo=UTC)
Pair = tuple[str, str]  # in the locale's language, in English


@dataclass(frozen=True)
class SmallArticle:
    """A bilingual article of one section: a passage with one vector row and its sentences a side."""

    title: Pair
    sentences: Sequence[Pair]
    handed_over: str = "05/07/2021"
    roles: str = ""

    def markdown(self) -> str:
        number = iter(range(101, 999))
        body = " ".join(_pair(sentence, next(number)) for sentence in self.sentences)
        return (
            f"---\ntitle: {self.title[0]}\nms.translationtype: MT\nms.lasthandoff: {self.handed_over}\n---\n"
            f'# <a name="top"></a>{_pair(self.title, next(number))}\n\n{self.roles}\n\n{body}\n'
        )


def _pair(pair: Pair, number: int) -> str:
    span = f"aaaaa-{number}"
    return (
        f'<span data-ttu-id="{span}">{pair[0]}</span>'
        f'<span class="sxs-lookup"><span data-stu-id="{span}">{pair[1]}</span></span>'
    )


MAIL = SmallArticle(
    ("E-Mails an Kunden", "Mail to customers"),
    [
        ("Der Anbieter schreibt Kunden bei Ausfällen.", "The vendor writes to customers about outages."),
        ("Über Preise schreibt er nie.", "It never writes about prices."),
    ],
    roles="**Appropriate roles**: Admin agent",
)
SEATS = SmallArticle(
    ("Plätze kündigen", "Cancel seats"),
    [("Plätze enden nach sieben Tagen.", "Seats end after seven days.")],
)
FRENCH_MAIL = SmallArticle(
    ("Courrier aux clients", "Mail to customers"),
    [
        ("Le vendeur écrit aux clients lors de pannes.", "The vendor writes to customers about outages."),
        ("Il n'écrit jamais sur les prix.", "It never writes about prices."),
    ],
    handed_over="05/09/2021",
)


def write_docset(root: Path, locale: str, articles: Mapping[str, SmallArticle | str]) -> Path:
    """Write `root/<locale>/help/<name>.md` for each; the folder of the locale is returned."""
    for name, article in articles.items():
        file = root / locale / "help" / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(article if isinstance(article, str) else article.markdown(), "utf-8")
    return root / locale
