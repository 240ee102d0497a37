"""The embedder for models that CTranslate2 can't read: sentence-transformers, on any device.

It needs torch, so only an index built with such a model makes the service import it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.embedding import Span
from indexer.errors import ModelError
from indexer.model_description import DescribedModel, ModelDescription

# Texts given to the library at a time, which sorts them by length and batches them; progress and
# Ctrl-C come between.
_SLICE_TEXTS = 256


class TorchEmbedder(DescribedModel):
    """A SentenceTransformer behind the Embedder protocol.

    Batches are padded, so a text's vector may differ in its last digits with the company it is in.
    """

    def __init__(self, model_dir: Path, description: ModelDescription, *, threads: int = 1) -> None:
        try:
            import torch
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ModelError(
                f"{model_dir}: the model {description.name!r} runs on sentence-transformers, which is not "
                "installed; install it: pip install 'citedesk[indexer]'"
            ) from error
        try:
            with quiet():
                self._model = SentenceTransformer(str(model_dir), local_files_only=True)
        except Exception as error:  # whatever torch, transformers and the model's own code raise
            raise ModelError(
                f"{model_dir}: the model can't be loaded ({error}); build the index anew with --full"
            ) from error
        torch.set_num_threads(threads)  # torch knows no other place for it than the process
        prompt = self._model.tokenizer([description.passage_prompt], padding=False, verbose=False)
        super().__init__(description, prompt_tokens=len(prompt["input_ids"][0]))

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Embed as the protocol says."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _SLICE_TEXTS):
            piece = texts[start : start + _SLICE_TEXTS]
            vectors[start : start + len(piece)] = self._embed(piece, self._description.passage_prompt)
            if progress is not None:
                progress(len(piece))
        return vectors

    def embed_spans(
        self,
        texts: Sequence[str],
        spans: Sequence[Sequence[Span]],
        progress: Callable[[int], None] | None = None,
    ) -> list[NDArray[np.float32]]:
        """Embed as the protocol says; a span is read alone, for models differ in what their tokens mean."""
        found = []
        for text, inside in zip(texts, spans, strict=True):
            found.append(self.embed_passages([text, *(text[start:end] for start, end in inside)]))
            if progress is not None:
                progress(1)
        return found

    def embed_question(self, text: str) -> NDArray[np.float32]:
        """Embed one question."""
        vector: NDArray[np.float32] = self._embed([text], self._description.query_prompt)[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count as the protocol says."""
        if not texts:
            return []
        encoded = self._model.tokenizer(
            list(texts), add_special_tokens=False, truncation=False, padding=False, verbose=False
        )
        return [len(ids) for ids in encoded["input_ids"]]

    def _embed(self, texts: Sequence[str], prompt: str) -> NDArray[np.float32]:
        vectors = self._model.encode(
            list(texts), prompt=prompt, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' progress bars and notes off the terminal, which is the command line's."""
    from transformers.utils import logging as transformers_logging

    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()
