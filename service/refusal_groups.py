"""Refused questions grouped by likeness: what people ask that the articles don't answer.

By meaning where the texts are kept: each question is embedded, the mean of all is taken away (the
model's cosines lie close together, most of what they share is that they are questions), and
groups are joined as long as their members' cosines are `LIKE` on average. That finds the same
question in two languages. Else by the nearest article, which is the subject at least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.exchanges import Exchange

Embed = Callable[[str], NDArray[np.float32]]
# Called at most once, and only where there are texts to embed; None where there is no model.
OpenModel = Callable[[], Embed | None]

# Of 85 unanswerable development questions in 11 locales 34 pairs ask the same, by hand. Joined so, 15 of
# the 20 pairs are right (recall .44); by shared words .75 at .18, by the nearest article .40 at .18.
LIKE = 0.38
# The mean of fewer questions is not what questions have in common, but what they ask.
MEANING_MIN = 20
# One more question costs the time of its embedding; the newest say what is asked now.
MEANING_MAX = 2_000
EXAMPLES = 3
ARTICLES = 3


@dataclass(frozen=True, slots=True)
class RefusalGroup:
    """Questions that ask alike.

    `questions` are up to three of them, newest first, none where texts are not kept; `articles`
    are up to three nearest ones, most frequent first.
    """

    size: int
    by: Literal["meaning", "nearest_article"]
    questions: tuple[str, ...]
    articles: tuple[str, ...]
    locales: tuple[str, ...]


def group_refusals(refused: Sequence[Exchange], *, open_model: OpenModel) -> list[RefusalGroup]:
    """The groups of `refused` (oldest first), largest first; a group may have one member.

    Without a model, and for questions whose text is not kept, the nearest article decides.
    """
    texts = [exchange for exchange in refused if exchange.question is not None][-MEANING_MAX:]
    embed = open_model() if len(texts) >= MEANING_MIN else None
    by_meaning = [] if embed is None else _by_meaning(texts, embed)
    grouped = {exchange.id for members in by_meaning for exchange in members}
    rest = [exchange for exchange in refused if exchange.id not in grouped]
    groups = [_describe(members, "meaning") for members in by_meaning]
    groups += [_describe(members, "nearest_article") for members in _by_article(rest)]
    return sorted(groups, key=lambda group: (-group.size, group.articles, group.questions))


def join_alike(vectors: NDArray[np.float32], like: float = LIKE) -> list[list[int]]:
    """Rows of `vectors` (n, d) in groups, by average linkage of their cosines about the mean.

    Groups are in the order of their first rows, rows ascending; of equal pairs the earlier joins first.
    """
    centred = vectors - vectors.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    cosines = centred @ centred.T
    np.fill_diagonal(cosines, -np.inf)
    groups = [[row] for row in range(len(vectors))]
    while len(vectors) > 1:
        one, other = sorted(map(int, np.unravel_index(np.argmax(cosines), cosines.shape)))
        if cosines[one, other] < like:
            break
        sizes = len(groups[one]), len(groups[other])
        joined = (sizes[0] * cosines[one] + sizes[1] * cosines[other]) / sum(sizes)
        joined[one] = -np.inf
        cosines[one], cosines[:, one] = joined, joined
        cosines[other], cosines[:, other] = -np.inf, -np.inf
        groups[one] += groups[other]
        groups[other] = []
    return [sorted(group) for group in groups if group]


def _by_meaning(exchanges: Sequence[Exchange], embed: Embed) -> list[list[Exchange]]:
    vectors = np.stack([embed(exchange.question or "") for exchange in exchanges])
    return [[exchanges[row] for row in rows] for rows in join_alike(vectors)]


def _by_article(exchanges: Sequence[Exchange]) -> list[list[Exchange]]:
    found: dict[str | None, list[Exchange]] = {}
    for exchange in exchanges:
        found.setdefault(exchange.nearest_article, []).append(exchange)
    return list(found.values())


def _describe(members: Sequence[Exchange], by: Literal["meaning", "nearest_article"]) -> RefusalGroup:
    newest = sorted(members, key=lambda exchange: exchange.asked_at, reverse=True)
    asked = dict.fromkeys(exchange.question for exchange in newest if exchange.question is not None)
    articles = [exchange.nearest_article for exchange in newest if exchange.nearest_article is not None]
    return RefusalGroup(
        size=len(members),
        by=by,
        questions=tuple(asked)[:EXAMPLES],
        articles=tuple(sorted(set(articles), key=lambda path: (-articles.count(path), path))[:ARTICLES]),
        locales=tuple(sorted({exchange.locale for exchange in members})),
    )
