"""Turns texts into unit vectors: what an embedder promises, and the CTranslate2 one.

A prepared model is a folder with `model.json`, `tokenizer.json` and, for CTranslate2, `model.bin`,
`config.json` and a vocabulary. `model.py` writes it; nothing here needs torch or transformers
unless the description names the engine sentence-transformers.

How CTranslate2 embeds passages:

1. The prompt is put before each text, which is cut into tokens and, where longer than the window,
   cut off.
2. Texts of equal length in tokens form a batch of at most `BATCH_TOKENS`. With no padding in it, a
   text's vector has the same bytes alone and in any company.
3. Batches run on `threads` workers of one thread each; token vectors are pooled and normalised.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelError
from indexer.model_description import PREPARE_ANEW, DescribedModel, ModelDescription, read_description
from indexer.model_tokens import SLICE_TEXTS, count_tokens, load_tokenizer

# Tokens of a batch, at least one text. CPU time measured 2026-11-21 on two shared cores: sentences of
# 23 tokens 6.4 ms each alone, 5.0 at 320, 4.9 at 640, 5.2 at 1280; passages of 158 tokens the same
# throughout. Batches padded to 640 tokens cost as much.
BATCH_TOKENS = 640

Vectors = NDArray[np.float32]
# Code points of a text, end exclusive.
Span = tuple[int, int]


class Embedder(Protocol):
    """Embeds passages and questions into one space, where likeness is the dot product."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hex digits; embedders of equal fingerprint give equal vectors on one type of machine."""
        ...

    @property
    def max_tokens(self) -> int:
        """The model's window in tokens, the prompt and special tokens included."""
        ...

    @property
    def passage_tokens(self) -> int:
        """How many tokens of a passage are read: the window without its prompt and special tokens."""
        ...

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Return `(n, d)` unit rows in the order of the texts; `(0, d)` for none.

        What doesn't fit the window is cut off. `progress` gets the number of texts newly done, in
        the calling thread.
        """
        ...

    def embed_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> list[Vectors]:
        """Return a matrix for each text: its own unit vector, then one for each of its spans.

        Where the engine gives token vectors, a span is read inside its text ("late chunking",
        Günther et al. 2024), which costs nothing and finds more than sentences read alone.
        """
        ...

    def embed_question(self, text: str) -> Vectors:
        """Return the question's unit vector, `(d,)`. May be called from several threads."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, without prompt and special tokens, never cut off."""
        ...


def open_embedder(model_dir: Path, *, threads: int = 1) -> Embedder:
    """Load the prepared model in `model_dir`, to run on `threads` threads of the CPU.

    Raises: ModelError where the folder holds no prepared model, or its engine is not installed.
    """
    description = read_description(model_dir)
    if description.engine == "sentence-transformers":
        from indexer.torch_embedding import TorchEmbedder

        return TorchEmbedder(model_dir, description, threads=threads)
    return CTranslate2Embedder(model_dir, description, threads=threads)


class CTranslate2Embedder(DescribedModel):
    """A BERT-like encoder in int8 on the CPU."""

    def __init__(self, model_dir: Path, description: ModelDescription, *, threads: int = 1) -> None:
        self._threads = threads
        self._tokenizer = load_tokenizer(model_dir)
        prompt = self._tokenizer.encode(description.passage_prompt)
        super().__init__(description, prompt_tokens=len(prompt.ids))
        self._tokenizer.enable_truncation(description.max_tokens)
        _use_widest_instructions(Path("/proc/cpuinfo"))
        try:
            self._encoder = ctranslate2.Encoder(
                str(model_dir), compute_type="int8", inter_threads=threads, intra_threads=1
            )
        except Exception as error:  # the library raises bare exceptions of its native code
            raise ModelError(f"{model_dir}: the model can't be loaded ({error}); {PREPARE_ANEW}") from error

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Embed as the protocol says; Ctrl-C comes through within a batch, some 0.1 s."""
        found = self.embed_spans(texts, [()] * len(texts), progress)
        return np.concatenate(found) if found else np.empty((0, self.dimension), np.float32)

    def embed_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> list[Vectors]:
        """Embed as the protocol says: a span's tokens are pooled from the passage's own token vectors."""
        vectors = [np.empty((0, self.dimension), np.float32)] * len(texts)
        pool = ThreadPoolExecutor(self._threads)
        running: dict[Future[list[Vectors]], list[int]] = {}
        try:
            for rows, cuts in self._batches(texts, spans):
                running[pool.submit(self._embed_batch, cuts)] = rows
                # Some batches wait in line, so that no worker idles while the next are cut.
                if len(running) >= 4 * self._threads:
                    _collect(running, vectors, progress)
            while running:
                _collect(running, vectors, progress)
        finally:
            pool.shutdown(cancel_futures=True)
        return vectors

    def embed_question(self, text: str) -> Vectors:
        """Embed one question, in the calling thread."""
        ids = self._tokenizer.encode(self._description.query_prompt + text).ids
        vector: Vectors = self._embed_batch([_Cut(ids, ())])[0][0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count as the protocol says."""
        return count_tokens(self._tokenizer, texts)

    def _batches(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> Iterator[tuple[list[int], list[_Cut]]]:
        """Yield rows and texts of equal length in tokens, each batch as soon as it is full."""
        waiting: defaultdict[int, tuple[list[int], list[_Cut]]] = defaultdict(lambda: ([], []))
        prompt = self._description.passage_prompt
        for start in range(0, len(texts), SLICE_TEXTS):
            piece = [prompt + text for text in texts[start : start + SLICE_TEXTS]]
            for row, encoding in enumerate(self._tokenizer.encode_batch(piece), start):
                length = len(encoding.ids)
                rows, cuts = waiting[length]
                rows.append(row)
                cuts.append(_Cut(encoding.ids, _token_ranges(encoding.offsets, spans[row], len(prompt))))
                if (len(rows) + 1) * length > BATCH_TOKENS:
                    yield waiting.pop(length)
        yield from waiting.values()

    def _embed_batch(self, cuts: list[_Cut]) -> list[Vectors]:
        """Embed texts of equal length: of each the unit vectors of itself and of its ranges."""
        output = self._encoder.forward_batch([cut.ids for cut in cuts])
        states = np.asarray(output.last_hidden_state)
        vectors = []
        for cut, state in zip(cuts, states, strict=True):
            pooled = [state[0] if self._description.pooling == "cls" else state.mean(axis=0)]
            pooled += [state[first:last].mean(axis=0) for first, last in cut.ranges]
            rows = np.stack(pooled)
            # Summed in float64: the BLAS dot product's last bit depends on memory alignment.
            norms = np.sqrt(np.square(rows, dtype=np.float64).sum(axis=1, keepdims=True))
            vectors.append((rows / norms).astype(np.float32))
        return vectors


def _use_widest_instructions(cpu_description: Path) -> None:
    """Let CTranslate2 use AVX-512 where the processor has it; by itself it stops at AVX2.

    Measured on a Xeon with VNNI: 61 ms of CPU a passage in place of 78. The library reads this
    variable once, on first use; what an operator has set stays.
    """
    try:
        flags = set(cpu_description.read_text("ascii", errors="replace").split())
    except OSError:
        return  # no Linux: the library's own choice
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"} <= flags:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


@dataclass(frozen=True, slots=True)
class _Cut:
    """A text's tokens, and the ranges of them that its spans cover."""

    ids: list[int]
    ranges: tuple[tuple[int, int], ...]


def _token_ranges(
    offsets: Sequence[tuple[int, int]], spans: Sequence[Span], shift: int
) -> tuple[tuple[int, int], ...]:
    """The tokens that each span touches; all of them for one that the window cut off."""
    if not spans:
        return ()
    places = [(at, start, end) for at, (start, end) in enumerate(offsets) if end > start]
    starts, ends = [start for _, start, _ in places], [end for _, _, end in places]
    ranges = []
    for start, end in spans:
        first, last = bisect_right(ends, start + shift), bisect_left(starts, end + shift)
        whole = (0, len(offsets))
        ranges.append((places[first][0], places[last - 1][0] + 1) if first < last else whole)
    return tuple(ranges)


def _collect(
    running: dict[Future[list[Vectors]], list[int]],
    vectors: list[Vectors],
    progress: Callable[[int], None] | None,
) -> None:
    """Wait for a batch, put its vectors into their rows and tell the progress."""
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        rows = running.pop(future)
        for row, found in zip(rows, future.result(), strict=True):
            vectors[row] = found
        if progress is not None:
            progress(len(rows))
