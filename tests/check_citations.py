"""Whether citations say what the articles' files say: each one is looked up in the files, not the index.

    python -m tests.check_citations QUESTIONS --index DIR --corpus DIR... [--locale ja-jp]

Every question is asked of the whole service in this process; what comes over the wire is compared
with the files by plain text search: white space and markup count as little as in `evaluation.bare`.
Nothing here knows how the indexer parses. Ends with 1 where a share is below what is promised.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from indexer import IndexFollower
from indexer.questions import Question, bare, read_questions
from service.asking import WordGuesser
from service.confidence import read_confidence
from service.settings import Settings
from service.writers import ExtractiveWriter
from tests.service_app import build_app

SOURCE = "en-us"
SHOWN = 20
# What must hold: the share, in percent, that a line may not be below.
LEAST = {"verbatim in its article's file": 100, "English, of those in bilingual articles": 95,
         "that English verbatim in the file": 100, "translation type, date and commit": 100,
         "link to a section of the file": 100}  # fmt: skip
VERBATIM, ENGLISH, ENGLISH_VERBATIM, PROVENANCE, LINK = LEAST

_LOCALE = re.compile(r"(?:^|\.)([a-z]{2}-[a-z]{2})$", re.IGNORECASE)
_PAIR = re.compile(
    r'<span data-ttu-id="[^"]*">(.*?)</span>\s*<span class="sxs-lookup">\s*<span data-stu-id="[^"]*">'
    r"(.*?)</span>\s*</span>",
    re.DOTALL,
)
# A link's target, with a title or without; white space inside the address makes it no link.
_TARGET = re.compile(r"""\]\(\s*(?:<[^<>\n]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)""")
_HEADER = re.compile(r"\A\ufeff?---\n(.*?)\n---", re.DOTALL)
# What stands before the words of a heading; in YAML, of a title or a question.
_HEADING = re.compile(r"^[\s>#-]*(?:question:|title:)?[\s|>'\"-]*")
_TYPES = {"MT": "machine", "HT": "human"}


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """An article's file as it stands: what its header says, and its text on either side."""

    text: str

    @property
    def bilingual(self) -> bool:
        return "data-stu-id" in self.text

    @property
    def provenance(self) -> tuple[str, str | None, str | None]:
        """Type, date (ISO) and commit of the translation."""
        handed_over = self._header("ms.lasthandoff")
        day = handed_over and datetime.strptime(handed_over, "%m/%d/%Y").date().isoformat()
        kind = _TYPES.get((self._header("ms.translationtype") or "").upper(), "human")
        return kind, day, self._header("ms.sourcegitcommit")

    def holds(self, quote: str, *, source: bool = False) -> bool:
        """Whether the quote stands in the file's text, or in its English side."""
        wanted = bare(quote)
        return bool(wanted) and any(wanted in side for side in _sides(self.text, source))

    def has_anchor(self, name: str) -> bool:
        """Whether a heading of the file has this anchor, written out or made of its words."""
        text = self.text.replace('\\"', '"')
        if re.search(rf"<a[^>]*\b(?:name|id)=[\"']?{re.escape(name)}[\"'\s/>]", text, re.IGNORECASE):
            return True
        lines = _plain(_PAIR.sub(r"\1", text)).splitlines()
        return any(_slug(_HEADING.sub("", line)) == name for line in lines)

    def _header(self, key: str) -> str | None:
        header = _HEADER.search(self.text.replace("\r\n", "\n"))
        lines = header[1] if header else self.text
        found = re.search(rf"^\s*{re.escape(key)}:\s*(.*?)\s*$", lines, re.MULTILINE)
        return found[1].strip("'\"") or None if found else None


@lru_cache(maxsize=64)
def _sides(text: str, source: bool) -> tuple[str, str]:
    """A file's text on one side, bare: as it stands, and as YAML reads its quotation marks and line ends."""
    body = _PAIR.sub(r"\2" if source else r"\1", _HEADER.sub("", text.replace("\r\n", "\n")))
    unquoted = body.replace("''", "'").replace('\\"', '"').replace("\\n", "\n")
    return bare(_plain(body)), bare(_plain(unquoted))


def _plain(text: str) -> str:
    """Markdown without comments, link targets and tags, entities read."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r':::no-loc text="([^"]*)":::', r"\1", text)
    text = _TARGET.sub("]", text)
    return html.unescape(re.sub(r"</?[a-zA-Z][^>]*>", "", text))


def _slug(heading: str) -> str:
    return "-".join(re.sub(r"[^\w\s-]", "", heading.lower()).split())


@dataclass(frozen=True, slots=True)
class Corpus:
    """The files of some folders by locale and article."""

    files: Mapping[tuple[str, str], Sequence[ArticleFile]]

    def of(self, locale: str, citation: Mapping[str, Any]) -> list[ArticleFile]:
        """The files that a citation may come from; derived English from those of its date and commit."""
        article = citation["article"]
        own = self.files.get((locale, article), ())
        if own or locale != SOURCE:
            return list(own)
        wanted = (citation["translation"]["handed_over"], citation["translation"]["source_commit"])
        every = (file for (_, path), found in self.files.items() if path == article for file in found)
        return [file for file in every if file.bilingual and file.provenance[1:] == wanted]


def read_corpus_files(folders: Iterable[Path]) -> Corpus:
    """The Markdown and YAML files below `folders`, each of the locale that a folder above is named after."""
    files: dict[tuple[str, str], list[ArticleFile]] = {}
    for folder in folders:
        for file in sorted(folder.absolute().rglob("*")):
            if file.suffix not in (".md", ".yml") or not file.is_file():
                continue
            for parent in file.parents:
                if named := _LOCALE.search(parent.name):
                    article = file.relative_to(parent).with_suffix("").as_posix()
                    found = files.setdefault((named[1].lower(), article), [])
                    found.append(ArticleFile(file.read_text("utf-8")))
                    break
    return Corpus(files)


@dataclass(slots=True)
class Shares:
    """How many citations were looked at for each line, how many hold, and those that don't."""

    answered: int = 0
    citations: int = 0
    holding: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEAST, 0))
    looked_at: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEAST, 0))
    failing: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, line: str, holds: bool, citation: Mapping[str, Any]) -> None:
        self.looked_at[line] += 1
        self.holding[line] += holds
        if not holds:
            self.failing.append((line, citation["passage_id"], citation["quote"]))

    def share(self, line: str) -> float:
        """In percent; 100 where there was nothing to look at."""
        return 100 * self.holding[line] / self.looked_at[line] if self.looked_at[line] else 100.0

    @property
    def kept(self) -> bool:
        """Whether every promise is kept."""
        return all(self.share(line) >= least for line, least in LEAST.items())


def check_reply(reply: Mapping[str, Any], corpus: Corpus, shares: Shares) -> None:
    """Look up each citation of an answer in the files that it must come from."""
    locale = reply["locale"]["answered"]
    shares.answered += reply["status"] == "answered"
    for citation in reply["citations"]:
        shares.citations += 1
        files = corpus.of(locale, citation)
        english = locale == SOURCE and not corpus.files.get((locale, citation["article"]))
        shares.add(VERBATIM, any(file.holds(citation["quote"], source=english) for file in files), citation)
        translation = citation["translation"]
        stated = (translation["type"], translation["handed_over"], translation["source_commit"])
        kinds = [("source", *file.provenance[1:]) if locale == SOURCE else file.provenance for file in files]
        shares.add(PROVENANCE, stated in kinds, citation)
        _, _, anchor = citation["url"].partition("#")
        shares.add(LINK, not anchor or any(file.has_anchor(anchor) for file in files), citation)
        if locale != SOURCE and any(file.bilingual for file in files):
            said = citation["source_quote"]
            shares.add(ENGLISH, said is not None, citation)
            if said is not None:
                inside = any(file.holds(said, source=True) for file in files)
                shares.add(ENGLISH_VERBATIM, inside, citation)


async def ask_all(app: ASGIApp, questions: Sequence[Question]) -> list[dict[str, Any]]:
    """The service's replies, in order."""
    transport = httpx.ASGITransport(app)
    replies = []
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        for question in questions:
            history = [{"role": turn.role, "content": turn.content} for turn in question.history]
            body = {"question": question.query, "locale": question.locale, "history": history}
            response = await client.post("/v1/ask", json=body)
            replies.append(response.raise_for_status().json())
    return replies


def main() -> int:
    """Print the shares and the citations that fail."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, nargs="+", required=True)
    parser.add_argument("--locale", help="only this one")
    chosen = parser.parse_args()
    follower = IndexFollower(chosen.index)
    follower.refresh()
    index = follower.current()
    locales = {summary.locale for summary in index.locales if chosen.locale in (None, summary.locale)}
    questions = [question for question in read_questions(chosen.questions) if question.locale in locales]
    corpus, shares = read_corpus_files(chosen.corpus), Shares()
    app = build_app(
        follower=follower,
        writer=ExtractiveWriter(sentences_max=Settings.model_construct().answer_sentences_max),
        confidence=read_confidence(),
        guess=WordGuesser(),
    )
    for reply in asyncio.run(ask_all(app, questions)):
        check_reply(reply, corpus, shares)
    print(f"generation {index.generation}: {len(questions)} questions, {shares.answered} answered, "
          f"{shares.citations} citations")  # fmt: skip
    for line, least in LEAST.items():
        counts = f"{shares.holding[line]} of {shares.looked_at[line]}"
        print(f"{line:<42}{counts:>14}{shares.share(line):>8.1f} %   (at least {least})")
    for line, passage_id, quote in shares.failing[:SHOWN]:
        print(f"not {line}: {passage_id}: {quote}")
    return 0 if shares.kept else 1


if __name__ == "__main__":
    sys.exit(main())
