"""How well the support check tells borne-out sentences from changed ones, on an index and its questions.

    python -m tests.support_bench QUESTIONS --index DIR [--most 60]

Not a test: nothing here is asserted. The extractive writer's sentences stand for what a model writes:
as they are, under another passage's number, and with a number, a name, an address or a negation
changed. Then: how near a sentence's translation is to its own passage in another locale, and to others.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from indexer import Hit, Index, Passage, open_index
from service.chat_prompt import shown_hits
from service.evidence import EvidenceReader
from service.language_words import read_languages
from service.support import COSINE_MIN, SupportCheck
from service.writers import choose_sentences

LANGUAGES = read_languages()
# One way for each language to turn a sentence's sense: what to find, and what to put there.
TURNS = {
    "de": (r" (kann|können|ist|sind|wird|werden|muss|müssen) ", r" \1 nicht "),
    "en": (r" (can|is|are|will|must|may) ", r" \1 not "),
    "ja": (r"ます。$", "ません。"),
    "zh": (r"可以", "不可以"),
}
STRANGER = {"ja": "コントラブル社では{}", "zh": "Contrabble 的{}"}
# A clause with a name that no capital tells.
CLAUSE = {"ja": "、担当は山田太郎です。", "zh": "，請聯絡王小明經理。", "ko": ", 홍길동 부장에게 문의하세요."}
PAIRS_A_LOCALE = 150


def changes(sentence: str, language: str) -> Iterator[tuple[str, str]]:
    """What is changed, and the sentence with it."""
    if re.search(r"\d", sentence):
        yield "a number", re.sub(r"\d+", "4837", sentence, count=1)
    yield "a name", STRANGER.get(language, "{} Contrabble.").format(sentence)
    yield "a clause", sentence.rstrip(".。") + CLAUSE.get(language, ", ask john smith.")
    yield "an address", f"{sentence} https://contrabble.example/x"
    if language in TURNS and not LANGUAGES.of(language).denies(sentence):
        turned = re.sub(*TURNS[language], sentence, count=1)
        if turned != sentence:
            yield "the sense", turned


def check_sentences(index: Index, questions: Path, most: int) -> None:
    """Print how many sentences are accepted, by what was done to them."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    times_ms: list[float] = []
    seen: dict[str, set[str]] = defaultdict(set)
    for query, locale in read_queries(questions):
        hits = index.search(query, locale=locale).hits
        check = SupportCheck(shown_hits(hits), EvidenceReader(index, LANGUAGES, locale))
        for choice in choose_sentences(hits, sentences_max=2):
            text = " ".join(choice.text.split())
            rank = choice.hit.rank
            if rank > len(check.hits) or text in seen[locale] or len(seen[locale]) == most:
                continue
            seen[locale].add(text)
            tries = [("as it is", text, rank)]
            tries += [(name, changed, rank) for name, changed in changes(text, locale.split("-")[0])]
            tries += [("another passage", text, other) for other in others(check.hits, choice.hit)][:1]
            for name, said, number in tries:
                began = time.perf_counter()
                accepted = len(check.marks(said, [number])) > 0
                times_ms.append(1000 * (time.perf_counter() - began))
                for group in (locale, "all"):
                    counts[name, group][0] += accepted
                    counts[name, group][1] += 1
    for (name, group), (passed, tried) in sorted(counts.items()):
        print(f"{name:<16}{group:<8}{passed:>5} of {tried:>5} accepted")
    print(f"one check: median {np.median(times_ms):.1f} ms, p95 {np.percentile(times_ms, 95):.1f} ms")


def others(hits: Sequence[Hit], hit: Hit) -> list[int]:
    """The ranks of hits in other articles."""
    return [other.rank for other in hits if other.passage.edition.path != hit.passage.edition.path]


def read_queries(source: Path) -> Iterator[tuple[str, str]]:
    """Query and locale of each question without history."""
    for file in sorted(source.glob("*.jsonl")) if source.is_dir() else [source]:
        for line in file.read_text("utf-8").splitlines():
            question = json.loads(line)
            if isinstance(question["query"], str):
                yield question["query"], question["locale"]


def compare_translations(index: Index) -> None:
    """Print quantiles of the nearness of sentences to passages of another locale."""
    chosen = random.Random(1)
    for one, other in pairwise(summary.locale for summary in index.locales):
        own: list[float] = []
        strange: list[float] = []
        passages = index.shards[one].passages
        for row in chosen.sample(range(len(passages)), min(len(passages), 4 * PAIRS_A_LOCALE)):
            passage = passages[row]
            twin = other + passage.id.removeprefix(one)
            if len(own) == PAIRS_A_LOCALE or index.shards[other].passages.row_of(twin) is None:
                continue
            text = longest_sentence(passage)
            own.append(max(index.sentence_cosines(text, twin), default=-1.0))
            rows = index.shards[other].passages
            strange.append(
                max(index.sentence_cosines(text, rows[chosen.randrange(len(rows))].id), default=-1.0)
            )
        if own:
            shares = [np.mean(np.array(values) >= COSINE_MIN) for values in (own, strange)]
            print(f"{one} to {other}: {shares[0]:.2f} of {len(own)} reach {COSINE_MIN}, "
                  f"{shares[1]:.2f} with any other passage")  # fmt: skip


def longest_sentence(passage: Passage) -> str:
    spans = [(sentence.end - sentence.start, sentence.start, sentence.end) for sentence in passage.sentences]
    _, start, end = max(spans, default=(0, 0, len(passage.text)))
    return passage.text[start:end]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--most", type=int, default=60, help="sentences a locale")
    given = parser.parse_args()
    index = open_index(given.index)
    print(f"generation {index.generation}")
    check_sentences(index, given.questions, given.most)
    compare_translations(index)


if __name__ == "__main__":
    main()
