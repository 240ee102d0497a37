"""What the adapter learns from: questions, passages that answer them, and passages that only look like it.

The lower layers of the model stay as they are, so their output is computed once for every text, and
training begins there. Importing this module imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from transformers import AutoModel, AutoTokenizer

from indexer.fusion import FusionWeights, weights_for
from indexer.model_description import read_description
from indexer.questions import Question
from indexer.reading import Index
from indexer.records import Hit, Passage
from indexer.row_texts import RowText, source_row, target_row

# Layers that stay, of twelve.
KEPT_LAYERS = 8
QUESTION_TOKENS, PASSAGE_TOKENS = 96, 384
# What is learnt from is read so far: the rest would cost as much time again.
LEARNT_TOKENS = 160
# The hits that a question's scores are spread over, and those among them that it learns from.
HITS, RIGHT, WRONG = 60, 2, 4
BATCH = 8
Column = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its passages, each as the numbers of its one or two sides in `Texts`.

    The first `right` of `passages` answer, the others rank near them; `articles` are theirs. `beside` is what
    words and article add to each one's score; its own part is `gain` times its cosine, of which the best
    sentence's has the share `sentence`.
    """

    question: int
    locale: str
    articles: tuple[str, ...]
    passages: tuple[tuple[int, ...], ...]
    right: int
    beside: Column
    gain: float
    sentence: float


@dataclass
class Texts:
    """Texts by number, each once, with where its sentences stand.

    Those in `questions` are questions; of the others, those in `judged` are read whole.
    """

    rows: list[RowText] = field(default_factory=list)
    questions: set[int] = field(default_factory=set)
    judged: set[int] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, row: RowText) -> int:
        """The number of this text; a new one has the next."""
        if row.text not in self._numbers:
            self._numbers[row.text] = len(self.rows)
            self.rows.append(row)
        return self._numbers[row.text]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text behind the layers that stay: `states (tokens, d)` float16, and its sentences as token slices."""

    states: NDArray[np.float16]
    sentences: tuple[tuple[int, int], ...]


def find_examples(
    index: Index, questions: Sequence[Question], texts: Texts, *, judged: bool = False
) -> list[Example]:
    """One example a question that a search finds a right passage for; its texts are put into `texts`.

    Judged is by both sides of a passage; learnt from one of those that don't answer, in turn.
    """
    examples: list[Example] = []
    for question in track(questions, "searching", transient=True):
        hits = index.search(question.query, locale=question.locale, k=HITS).hits
        right = [hit for hit in hits if _answers(hit.passage, question)][:RIGHT]
        if not right:
            continue
        wrong = [hit for hit in hits if not _may_answer(hit.passage, question)][:WRONG]
        weights = weights_for(question.query, follows=False)
        cosines = [_cosine(hit, weights) for hit in hits]
        beside = [
            (1 - weights.dense) * hit.scores.lexical + weights.article * hit.scores.article
            for hit in (*right, *wrong)
        ]
        asked = texts.number(RowText(question.query))
        shown = [
            sides if judged or place < len(right) else [sides[(len(examples) + place) % len(sides)]]
            for place, sides in enumerate(_sides(hit.passage) for hit in (*right, *wrong))
        ]
        passages = [tuple(map(texts.number, sides)) for sides in shown]
        texts.questions.add(asked)
        if judged:
            texts.judged.update(chain.from_iterable(passages))
        examples.append(
            Example(
                asked, question.locale,
                tuple(hit.passage.edition.path for hit in (*right, *wrong)),
                tuple(passages), len(right), np.array(beside, dtype=np.float32),
                weights.dense / max(1e-3, max(cosines) - min(cosines)), weights.sentence,
            )
        )  # fmt: skip
    return examples


def _answers(passage: Passage, question: Question) -> bool:
    return passage.edition.path == question.articles[0] and passage.anchor == question.section


def _may_answer(passage: Passage, question: Question) -> bool:
    """Of an article in `also` the section that answers is not known: none of its passages is wrong.

    The question's own article stands there too where another of its sections answers.
    """
    return _answers(passage, question) or passage.edition.path in question.articles[1:]


def _sides(passage: Passage) -> list[RowText]:
    english = source_row(passage)
    return [target_row(passage), *([] if english is None else [english])]


def _cosine(hit: Hit, weights: FusionWeights) -> float:
    return (1 - weights.sentence) * hit.scores.dense + weights.sentence * hit.scores.sentence


class LowerLayers:
    """The layers that stay."""

    def __init__(self, model_dir: Path, *, kept: int = KEPT_LAYERS) -> None:
        """`model_dir` is a sentence-transformers folder of a BERT encoder, prepared; `kept` layers stay."""
        prepared = read_description(model_dir.parent / "prepared")
        self._prompts = prepared.query_prompt, prepared.passage_prompt
        self._tokenizer = AutoTokenizer.from_pretrained(model_dir)
        self._network = AutoModel.from_pretrained(model_dir, dtype=torch.float32).eval()
        self._network.encoder.layer = self._network.encoder.layer[:kept]

    def run(self, texts: Texts) -> list[Hidden]:
        """The texts behind these layers, in their order."""
        rows = texts.rows
        prompts = [self._prompts[number not in texts.questions] for number in range(len(rows))]
        encoded = [
            self._tokenizer(
                prompt + row.text, truncation=True, return_offsets_mapping=True,
                max_length=_tokens_read(number, texts),
            )
            for number, (prompt, row) in enumerate(zip(prompts, rows, strict=True))
        ]  # fmt: skip
        order = sorted(range(len(rows)), key=lambda number: len(encoded[number]["input_ids"]))
        hidden: dict[int, Hidden] = {}
        for start in track(range(0, len(order), BATCH), "lower layers", transient=True):
            batch = order[start : start + BATCH]
            states = self._states([encoded[number]["input_ids"] for number in batch])
            for number, state in zip(batch, states, strict=True):
                spans = list(
                    _token_slices(encoded[number]["offset_mapping"], rows[number], len(prompts[number]))
                )
                hidden[number] = Hidden(state.numpy().astype(np.float16), tuple(spans))
        return [hidden[number] for number in range(len(rows))]

    def _states(self, ids: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(each) for each in ids], batch_first=True)
        mask = torch.arange(tokens.shape[1])[None] < torch.tensor([len(each) for each in ids])[:, None]
        with torch.inference_mode():
            states = self._network(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        return [state[: len(each)] for state, each in zip(states, ids, strict=True)]


def _tokens_read(number: int, texts: Texts) -> int:
    if number in texts.questions:
        return QUESTION_TOKENS
    return PASSAGE_TOKENS if number in texts.judged else LEARNT_TOKENS


def _token_slices(offsets: Sequence[tuple[int, int]], row: RowText, shift: int) -> Iterator[tuple[int, int]]:
    """The tokens of each sentence that is read; the first and last ones are special and empty."""
    for start, end in row.spans:
        inside = [
            place for place, (first, last) in enumerate(offsets)
            if last > first >= start + shift - 1 and last <= end + shift
        ]  # fmt: skip
        if inside:
            yield inside[0], inside[-1] + 1
