"""Learns the adapter of the embedded model from questions and the passages that answer them.

    python -m indexer.adapter_training QUESTIONS --index DIR [--write]

1. Each answerable question of QUESTIONS is searched; the passages of its section are right, the first
   others wrong (`adapter_examples.py`). Every eighth article is held out, with its questions.
2. Layers 9 to 12 get low-rank changes. Three things are asked of them: the right passage above the wrong
   ones, beside what words and article say of each; above all passages of the batch, by cosine alone
   (InfoNCE, van den Oord et al. 2018); and vectors near to the old ones, so that other texts keep their
   neighbours.
3. Printed is how the held-out questions rank their passages before and after; `--write` replaces the adapter.
Some forty minutes on two cores, and 3 GiB. Needs what building an index needs.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch.nn.functional import cross_entropy

from indexer import open_index, read_questions
from indexer.adapter import FILE
from indexer.adapter_examples import Example, Hidden, LowerLayers, find_examples
from indexer.adapter_layers import UpperLayers
from indexer.model import PLAIN, prepare_model

EPOCHS, QUESTIONS_A_STEP, WRONG_A_QUESTION, TOKENS = 2, 16, 2, 160
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


def loss(
    layers: UpperLayers, batch: Sequence[Example], hidden: Sequence[Hidden], draw: random.Random
) -> torch.Tensor:
    """What one batch asks of the changes."""
    chosen = [_choose(example, draw) for example in batch]
    rows = [
        hidden[example.rows[place]] for example, places in zip(batch, chosen, strict=True) for place in places
    ]
    asked = [hidden[example.question] for example in batch]
    passages, sentences = layers.embed(rows, TOKENS)
    vectors, _ = layers.embed(asked, TOKENS)
    with torch.no_grad(), layers.unchanged():
        old_passages, _ = layers.embed(rows[:NEAR_ROWS], TOKENS)
        old_vectors, _ = layers.embed(asked, TOKENS)
    fused, firsts, start = torch.zeros(()), [], 0
    for example, places, vector in zip(batch, chosen, vectors, strict=True):
        stop = start + len(places)
        best = torch.stack([(own @ vector).max() for own in sentences[start:stop]])
        own = (1 - example.sentence) * (passages[start:stop] @ vector) + example.sentence * best
        score = torch.from_numpy(example.beside[places]) + example.gain * own
        fused = fused - torch.log_softmax(FUSED_SHARPNESS * score, 0)[0] / len(batch)
        firsts.append(start)
        start = stop
    cosines = COSINE_SHARPNESS * vectors @ passages.T
    articles = [example.article for example, places in zip(batch, chosen, strict=True) for _ in places]
    for number, (example, first) in enumerate(zip(batch, firsts, strict=True)):
        # Another question's passage of the same article may answer this one too.
        for place, article in enumerate(articles):
            if article == example.article and not first <= place < first + len(chosen[number]):
                cosines[number, place] = -1e4
    among = cross_entropy(cosines, torch.tensor(firsts))
    moved = (1 - (passages[:NEAR_ROWS] * old_passages).sum(-1)).mean() + (
        1 - (vectors * old_vectors).sum(-1)
    ).mean()
    return fused + BATCH_SHARE * among + NEARNESS_SHARE * moved


def _choose(example: Example, draw: random.Random) -> list[int]:
    """One right row and some wrong ones, as places in `example.rows`."""
    wrong = range(len(example.right), len(example.rows))
    return [draw.randrange(len(example.right)), *draw.sample(wrong, min(WRONG_A_QUESTION, len(wrong)))]


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
    """Success@1 and mean reciprocal rank of a right row among each question's, by all and by meaning."""
    figures: dict[str, list[float]] = {}
    for example in track(examples, "judging", transient=True):
        with torch.inference_mode():
            passages, sentences = layers.embed([hidden[row] for row in example.rows], TOKENS)
            vector = layers.embed([hidden[example.question]], TOKENS)[0][0]
        best = torch.stack([(own @ vector).max() for own in sentences])
        cosine = ((1 - example.sentence) * (passages @ vector) + example.sentence * best).numpy()
        for name, score in (("fused", example.beside + example.gain * cosine), ("meaning", cosine)):
            rank = 1 + int(np.sum(score > score[: len(example.right)].max()))
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
    examples, texts = find_examples(index, asked, seed=SEED)
    numbers = frozenset(example.question for example in examples)
    hidden = LowerLayers(model.sentence_transformers_folder).run(texts.rows, questions=numbers)
    layers = UpperLayers(model.sentence_transformers_folder)
    kept = [example for example in examples if held_out(example.article)]
    print(f"{len(examples) - len(kept)} questions to learn from, {len(kept)} held out")
    print("before", judge(layers, kept, hidden))
    train(layers, [example for example in examples if not held_out(example.article)], hidden)
    print("after", judge(layers, kept, hidden))
    if chosen.write:
        layers.save(FILE)


if __name__ == "__main__":
    main()
