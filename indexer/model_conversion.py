"""Converts a sentence-transformers folder to CTranslate2 int8, and checks that it says the same.

A model that CTranslate2 can't read, or whose converted form gives other tokens or vectors, keeps
running on sentence-transformers. Importing this module imports torch.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import numpy as np
from ctranslate2.converters import TransformersConverter
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize
from sentence_transformers.sentence_transformer.modules import Pooling

from indexer.durable import hash_file, list_tree
from indexer.embedding import CTranslate2Embedder
from indexer.model_description import ModelDescription, write_description
from indexer.model_tokens import TOKENIZER_FILE
from indexer.torch_embedding import quiet

# The encoders that CTranslate2 4.8 converts, and how many positions each leaves unused in front.
_UNUSED_POSITIONS = {"bert": 0, "distilbert": 0, "roberta": 2, "xlm-roberta": 2, "camembert": 2}
# e5 models are trained with these and many copies on the hub don't say so.
_E5_PROMPTS = ("query: ", "passage: ")
_E5_NAME = re.compile(r"(^|[-_/])e5([-_]|$)(?!.*instruct)", re.IGNORECASE)
# Measured cosine of the embedded model is .9985 at least; other models lose more, wrong ones a lot.
_LEAST_COSINE = 0.98
_PROBES = (
    "Can the support team write to my customer?",
    "  Two  spaces, MIXED Case and a trailing blank ",
    "Grüße aus Köln: 3½ Stunden Übergröße",
    "この記事は、お客様への連絡について説明します。",
    "客户和合作伙伴都会收到电子邮件。",
    "Клиент получит уведомление по электронной почте.",
)
# Files that library versions write differently; what matters of them stands in the description.
_NOT_IN_FINGERPRINT = frozenset(
    {"README.md", "config_sentence_transformers.json", "tokenizer_config.json", "special_tokens_map.json"}
)


def save_sentence_model(name: str, folder: Path, *, offline: bool) -> None:
    """Load a folder or, unless `offline`, a hub model, and write it as float32 into `folder`.

    Raises: whatever sentence-transformers raises.
    """
    with quiet():
        model = SentenceTransformer(
            name, device="cpu", local_files_only=offline, model_kwargs={"dtype": "float32"}
        )
        model.save(str(folder), create_model_card=False)


def convert_model(sentence_dir: Path, prepared_dir: Path, *, name: str, say: Callable[[str], None]) -> None:
    """Fill `prepared_dir` from the sentence-transformers folder.

    Where the engine stays sentence-transformers, `sentence_dir` itself becomes `prepared_dir`.
    """
    with quiet():
        model = SentenceTransformer(str(sentence_dir), device="cpu", local_files_only=True)
    description = _describe(model, sentence_dir, name)
    reason = _unfit(model, sentence_dir)
    if reason is None:
        try:
            _write_ctranslate2(sentence_dir, prepared_dir)
            description = _fingerprinted(replace(description, engine="ctranslate2"), sentence_dir)
            write_description(prepared_dir, description)
            reason = _difference(model, prepared_dir, description)
        except OSError:  # a full disk says nothing about the model
            raise
        except Exception as error:  # the converter asserts, and raises what torch raises
            reason = f"its conversion fails: {type(error).__name__} {error}"
    if reason is not None:
        say(f"{name} stays on sentence-transformers: {reason}")
        if prepared_dir.exists():
            shutil.rmtree(prepared_dir)
        description = replace(description, engine="sentence-transformers", pooling="")
        description = _fingerprinted(description, sentence_dir)
        sentence_dir.rename(prepared_dir)
        write_description(prepared_dir, description)


def _describe(model: SentenceTransformer, sentence_dir: Path, name: str) -> ModelDescription:
    prompts = dict(model.prompts)
    default = prompts.get(model.default_prompt_name or "", "")
    query = prompts.get("query") or default
    passage = prompts.get("passage") or prompts.get("document") or default
    if not any(prompts.values()) and _E5_NAME.search(name):
        query, passage = _E5_PROMPTS
    return ModelDescription(
        name=name,
        engine="sentence-transformers",
        fingerprint="",
        dimension=int(model.get_embedding_dimension()),
        max_tokens=_window(model, sentence_dir),
        pooling=_pooling(model),
        query_prompt=query,
        passage_prompt=passage,
    )


def _config(sentence_dir: Path) -> dict[str, object]:
    file = sentence_dir / "config.json"
    content: dict[str, object] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return content


def _window(model: SentenceTransformer, sentence_dir: Path) -> int:
    """Take the smaller of what the tokenizer says and what the network has positions for."""
    config = _config(sentence_dir)
    positions = config.get("max_position_embeddings")
    said = model.max_seq_length
    limits = [said] if isinstance(said, int) else []
    if isinstance(positions, int):
        limits.append(positions - _UNUSED_POSITIONS.get(str(config.get("model_type")), 0))
    return min(limits, default=512)


def _pooling(model: SentenceTransformer) -> Literal["mean", "cls", ""]:
    """Name the pooling that CTranslate2Embedder can do, "" for any other chain of modules."""
    modules = list(model)
    if not 2 <= len(modules) <= 3 or not isinstance(modules[1], Pooling):
        return ""
    if len(modules) == 3 and not isinstance(modules[2], Normalize):
        return ""
    pooling = modules[1]
    if not pooling.include_prompt and any(model.prompts.values()):
        return ""
    mode = pooling.pooling_mode
    return mode if mode in ("mean", "cls") else ""


def _unfit(model: SentenceTransformer, sentence_dir: Path) -> str | None:
    """Say why CTranslate2 can't run this model, None where it may."""
    kind = _config(sentence_dir).get("model_type")
    if kind not in _UNUSED_POSITIONS:
        return f"CTranslate2 reads {', '.join(_UNUSED_POSITIONS)} encoders, this is {kind or 'none of them'}"
    if not _pooling(model):
        return "it pools its token vectors in another way than by mean or first token"
    if not (sentence_dir / TOKENIZER_FILE).exists():
        return f"it has no {TOKENIZER_FILE}"
    return None


def _write_ctranslate2(sentence_dir: Path, prepared_dir: Path) -> None:
    config = _config(sentence_dir)
    if "position_embedding_type" not in config:
        # transformers 5 dropped the key with all types but this one; the converter asks for it.
        config["position_embedding_type"] = "absolute"
        (sentence_dir / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    with quiet():
        TransformersConverter(str(sentence_dir)).convert(str(prepared_dir), quantization="int8")
    shutil.copyfile(sentence_dir / TOKENIZER_FILE, prepared_dir / TOKENIZER_FILE)


def _difference(model: SentenceTransformer, prepared_dir: Path, description: ModelDescription) -> str | None:
    """Compare the two forms on a few texts; None where they agree."""
    embedder = CTranslate2Embedder(prepared_dir, description)
    tokens = model.tokenizer(list(_PROBES), add_special_tokens=False, verbose=False)["input_ids"]
    if embedder.count_tokens(_PROBES) != [len(ids) for ids in tokens]:
        return "its tokenizer.json gives other tokens"
    expected = model.encode(
        list(_PROBES), prompt=description.passage_prompt, normalize_embeddings=True, show_progress_bar=False
    )
    least = float(np.min(np.sum(expected * embedder.embed_passages(_PROBES), axis=1)))
    return None if least >= _LEAST_COSINE else f"its int8 form has a cosine of only {least:.3f} to it"


def _fingerprinted(description: ModelDescription, sentence_dir: Path) -> ModelDescription:
    """Digest what decides the vectors: the weights, the tokenizer, the network and the description."""
    config = _config(sentence_dir)
    config.pop("transformers_version", None)
    parts = [json.dumps(asdict(replace(description, name="", fingerprint="")), sort_keys=True)]
    parts.append(json.dumps(config, sort_keys=True))
    for file in list_tree(sentence_dir).files:
        if Path(file).name not in _NOT_IN_FINGERPRINT and file != "config.json":
            parts.append(f"{file} {hash_file(sentence_dir / file)[1]}")
    return replace(description, fingerprint=hashlib.sha256("\n".join(parts).encode()).hexdigest())
