"""Learns the adapter of the embedded model from questions and the passages that answer them.

    python -m indexer.adapter_training QUESTIONS --index DIR [--write]

1. Each answerable question of QUESTIONS is searched; the passages of its section are right, the first
   others wrong (`adapter_examples.py`). Every eighth article is held out, with its questions.
2. Layers 9 to 12 get low-rank changes. Three things are asked of them: the right passage above the wrong
   ones, beside what words and article say of each; above all passages of the batch, by cosine alone
   (InfoNCE, van den Oord et al. 2018); and vectors near to the old ones, so that other texts keep their
   neighbours.
3. Printed is how the held-out questions rank their passages before and after; `--write` replaces the adapter.
All of `service/training/questions` take 37 minutes on two cores and 8 GB. Needs what building an index needs.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch.nn.functional import cross_entropy

from indexer import open_index, read_questions
from indexer.adapter import FILE
from indexer.adapter_examples import (
    LEARNT_TOKENS,
    PASSAGE_TOKENS,
    QUESTION_TOKENS,
    Example,
    Hidden,
    LowerLayers,
    Texts,
    find_examples,
)
from indexer.adapter_layers import UpperLayers
from indexer.model import PLAIN, prepare_model

EPOCHS, QUESTIONS_A_STEP, WRONG_A_QUESTION = 1, 16, 2
RATE, WARM_UP_STEPS, LEAST_RATE = 1e-3, 15, 0.05
# Sharpness of the fused score and of a cosine; what the second and third demand count.
FUSED_SHARPNESS, COSINE_SHARPNESS, BATCH_SHARE, NEARNESS_SHARE = 14.0, 30.0, 0.5, 5.0
HELD_OUT_OF, NEAR_ROWS, SEED = 8, 8, 0


def held_out(article: str) -> bool:
    """Whether this article's questions are kept for judging."""
    return zlib.crc32(article.encode()) % HELD_OUT_OF == 0


def batches(examples: Sequence[Example], draw: random.Random) -> Iterator[list[Example]]:
    """The examples once, drawn anew, each batch of one locale: other languages are too easy to tell apart."""
    locales: dict[str, list[Example]] = {}
    for example in draw.sample(examples, len(examples)):
        locales.setdefault(example.locale, []).append(example)
    made = [
        each[start : start + QUESTIONS_A_STEP]
        for each in locales.values()
        for start in range(0, len(each), QUESTIONS_A_STEP)
    ]
    yield from draw.sample(made, len(made))


@dataclass(frozen=True, slots=True)
class Embedded:
    """A batch as the layers see it: vectors of its questions, `(q, d)`, and of the passages drawn for them.

    `places` says which of each question's passages were drawn, a right one first; `vectors`, `(p, d)`, and
    `sentences` hold them in this order.
    """

    examples: Sequence[Example]
    places: Sequence[Sequence[int]]
    questions: torch.Tensor
    vectors: torch.Tensor
    sentences: Sequence[torch.Tensor]

    @property
    def starts(self) -> list[int]:
        """Where each question's passages begin; the first is the right one."""
        return [0, *accumulate(map(len, self.places))][:-1]


def loss(
    layers: UpperLayers, batch: Sequence[Example], hidden: Sequence[Hidden], draw: random.Random
) -> torch.Tensor:
    """What one batch asks of the changes."""
    places = [_choose(example, draw) for example in batch]
    rows = [
        hidden[draw.choice(example.passages[place])]
        for example, chosen in zip(batch, places, strict=True)
        for place in chosen
    ]
    asked = [hidden[example.question] for example in batch]
    vectors, sentences = layers.embed(rows, LEARNT_TOKENS)
    questions, _ = layers.embed(asked, QUESTION_TOKENS)
    with torch.no_grad(), layers.unchanged():
        old_vectors, _ = layers.embed(rows[:NEAR_ROWS], LEARNT_TOKENS)
        old_questions, _ = layers.embed(asked, QUESTION_TOKENS)
    moved = _distance(vectors[:NEAR_ROWS], old_vectors) + _distance(questions, old_questions)
    embedded = Embedded(batch, places, questions, vectors, sentences)
    return fused_loss(embedded) + BATCH_SHARE * batch_loss(embedded) + NEARNESS_SHARE * moved


def fused_loss(embedded: Embedded) -> torch.Tensor:
    """The right passage above the wrong ones, with what words and article say of each."""
    total = torch.zeros(())
    parts = zip(embedded.examples, embedded.places, embedded.starts, embedded.questions, strict=True)
    for example, places, start, question in parts:
        own = slice(start, start + len(places))
        best = torch.stack([(sentences @ question).max() for sentences in embedded.sentences[own]])
        cosine = (1 - example.sentence) * (embedded.vectors[own] @ question) + example.sentence * best
        score = torch.from_numpy(example.beside[places]) + example.gain * cosine
        total = total - torch.log_softmax(FUSED_SHARPNESS * score, 0)[0]
    return total / len(embedded.examples)


def batch_loss(embedded: Embedded) -> torch.Tensor:
    """The right passage above all others of the batch, by cosine; but not above those of its own article."""
    cosines = COSINE_SHARPNESS * embedded.questions @ embedded.vectors.T
    articles = [
        example.articles[place]
        for example, places in zip(embedded.examples, embedded.places, strict=True)
        for place in places
    ]
    parts = zip(embedded.examples, embedded.places, embedded.starts, strict=True)
    for number, (example, places, start) in enumerate(parts):
        for place, article in enumerate(articles):
            if article == example.articles[0] and not start <= place < start + len(places):
                cosines[number, place] = -1e4  # it may answer this question too
    return cross_entropy(cosines, torch.tensor(embedded.starts))


def _distance(vectors: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    return (1 - (vectors * others).sum(-1)).mean()


def _choose(example: Example, draw: random.Random) -> list[int]:
    """One right passage and some wrong ones, as places in `example.passages`."""
    wrong = range(example.right, len(example.passages))
    return [draw.randrange(example.right), *draw.sample(wrong, min(WRONG_A_QUESTION, len(wrong)))]


def train(
    layers: UpperLayers, examples: Sequence[Example], hidden: Sequence[Hidden], *, epochs: int = EPOCHS
) -> None:
    """Change the layers, in place; shows progress."""
    draw = random.Random(SEED)
    steps = [batch for _ in range(epochs) for batch in batches(examples, draw)]
    optimiser = torch.optim.AdamW(layers.factors, lr=RATE, weight_decay=0.01)

    def rate(step: int) -> float:
        return min(1.0, (step + 1) / WARM_UP_STEPS) * max(LEAST_RATE, 1 - step / len(steps))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    layers.learn(True)
    for batch in track(steps, "training"):
        optimiser.zero_grad()
        loss(layers, batch, hidden, draw).backward()
        torch.nn.utils.clip_grad_norm_(layers.factors, 1.0)
        optimiser.step()
        schedule.step()
    layers.learn(False)


def judge(layers: UpperLayers, examples: Sequence[Example], hidden: Sequence[Hidden]) -> dict[str, float]:
    """Success@1 and mean reciprocal rank of a right passage among each question's, by all and by meaning."""
    figures: dict[str, list[float]] = {}
    for example in track(examples, "judging", transient=True):
        sides = [row for passage in example.passages for row in passage]
        with torch.inference_mode():
            passages, sentences = layers.embed([hidden[row] for row in sides], PASSAGE_TOKENS)
            vector = layers.embed([hidden[example.question]], QUESTION_TOKENS)[0][0]
        whole = dict(zip(sides, (passages @ vector).tolist(), strict=True))
        best = {row: float((own @ vector).max()) for row, own in zip(sides, sentences, strict=True)}
        cosine = np.array(
            [
                (1 - example.sentence) * max(whole[row] for row in passage)
                + example.sentence * max(best[row] for row in passage)
                for passage in example.passages
            ]
        )
        for name, score in (("fused", example.beside + example.gain * cosine), ("meaning", cosine)):
            rank = 1 + int(np.sum(score > score[: example.right].max()))
            figures.setdefault(f"{name} Success@1", []).append(float(rank == 1))
            figures.setdefault(f"{name} RR", []).append(1 / rank)
    return {name: round(float(np.mean(values)), 3) for name, values in figures.items()}


def main() -> None:
    """Print the figures before and after; `--write` puts the adapter where it is read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True, help="an index of the articles they ask about")
    parser.add_argument("--cache", type=Path, default=Path(".cache/models"))
    parser.add_argument("--write", action="store_true", help=f"replace {FILE.name}")
    chosen = parser.parse_args()
    torch.manual_seed(SEED)
    model = prepare_model(PLAIN, chosen.cache, progress=print)
    assert model.sentence_transformers_folder is not None
    index = open_index(chosen.index)
    asked = [q for q in read_questions(chosen.questions) if q.answerable and q.locale in index.shards]
    texts = Texts()
    learnt = find_examples(index, [q for q in asked if not held_out(q.articles[0])], texts)
    kept = find_examples(index, [q for q in asked if held_out(q.articles[0])], texts, judged=True)
    print(f"{len(learnt)} questions to learn from, {len(kept)} held out, {len(texts.rows)} texts")
    hidden = LowerLayers(model.sentence_transformers_folder).run(texts)
    layers = UpperLayers(model.sentence_transformers_folder)
    print("before", judge(layers, kept, hidden))
    train(layers, learnt, hidden)
    print("after", judge(layers, kept, hidden))
    if chosen.write:
        layers.save(FILE)


if __name__ == "__main__":
    main()
