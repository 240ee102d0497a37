"""A generation's manifest: its records, its one written form, and reading it without trust.

The file is canonical JSON with a checksum of itself, so that a changed byte anywhere in it is found.
Reading checks, in this order: bytes are UTF-8 and strict JSON (no key twice, no NaN), the format's
number, every key and type, and last that writing what was read gives the same bytes. Anything else is
refused with the file and the field named; nothing is repaired or guessed.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, NoReturn, get_args

from indexer.errors import IndexCorrupt

INDEX_FORMAT = 1
MANIFEST_FILE = "manifest.json"

Engine = Literal["ctranslate2", "sentence-transformers"]
OptionValue = str | int | float | bool

WAY_OUT = "run `python -m indexer rollback` or build anew with `python -m indexer build`"
DIGEST = re.compile(r"[0-9a-f]{12,128}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LOCALE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CREATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_STEPS = frozenset({"", ".", ".."})
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What a file must be: its size in bytes and its SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LocaleEntry:
    """Counts of one locale; `digest` covers all that its files are computed from."""

    articles: int
    passages: int
    sentences: int
    digest: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """The embedding model that made the vectors, the only one that may ask them."""

    name: str
    fingerprint: str
    dimension: int
    max_tokens: int
    engine: Engine


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is.

    `created` is UTC in whole seconds. `digest` (hex) covers corpus, options and model, not the
    vectors' bytes. `locales` by lower-case BCP 47. `files` by posix path relative to the
    generation's folder, the manifest itself left out.
    """

    format: int
    created: datetime
    digest: str
    options: Mapping[str, OptionValue]
    model: ModelEntry
    locales: Mapping[str, LocaleEntry]
    files: Mapping[str, FileEntry]


def is_safe_name(name: str) -> bool:
    """Whether `name` is a plain relative posix path: normal form, no "..", no control characters."""
    return _STEPS.isdisjoint(name.split("/")) and not _UNSAFE_IN_NAME.search(name)


def format_manifest(manifest: Manifest) -> bytes:
    """The manifest's one written form.

    Raises:
        ValueError: An option is NaN or infinite, or a text is no valid Unicode.
    """
    fields: dict[str, object] = {
        "format": manifest.format,
        "created": manifest.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "digest": manifest.digest,
        "options": dict(manifest.options),
        "model": asdict(manifest.model),
        "locales": {name: asdict(entry) for name, entry in manifest.locales.items()},
        "files": {name: asdict(entry) for name, entry in manifest.files.items()},
    }
    fields["checksum"] = hashlib.sha256(_canonical(fields)).hexdigest()
    return _canonical(fields)


def parse_manifest(content: bytes, where: str) -> Manifest:
    """Read what `format_manifest` wrote; `where` is the file's name for messages.

    Raises:
        IndexCorrupt: It is anything else, or of another format.
    """
    top = _Value(_load(content, where), where, "")
    if "format" not in top.members():
        top.refuse("has no key 'format'")
    number = top.members()["format"].count()
    if number != INDEX_FORMAT:
        raise IndexCorrupt(
            f"{where}: index format {number}, this program reads {INDEX_FORMAT}: "
            "rebuild with python -m indexer build"
        )
    fields = top.exactly("format", "created", "digest", "options", "model", "locales", "files", "checksum")
    manifest = Manifest(
        format=number,
        created=fields["created"].time(),
        digest=fields["digest"].text(DIGEST),
        options={name: value.option() for name, value in fields["options"].members().items()},
        model=_model(fields["model"]),
        locales={name: _locale(name, value) for name, value in fields["locales"].members().items()},
        files={name: _file(name, value) for name, value in fields["files"].members().items()},
    )
    fields["checksum"].text(_SHA256)
    if format_manifest(manifest) != content:
        fields["checksum"].refuse("is not that of the file's content: a byte was changed")
    return manifest


def _model(value: _Value) -> ModelEntry:
    fields = value.exactly("name", "fingerprint", "dimension", "max_tokens", "engine")
    for engine in get_args(Engine):
        if fields["engine"].value == engine:
            break
    else:
        fields["engine"].refuse(f"is none of {', '.join(get_args(Engine))}")
    return ModelEntry(
        name=fields["name"].text(),
        fingerprint=fields["fingerprint"].text(),
        dimension=fields["dimension"].count(1),
        max_tokens=fields["max_tokens"].count(1),
        engine=engine,
    )


def _locale(name: str, value: _Value) -> LocaleEntry:
    if not _LOCALE.fullmatch(name):
        value.refuse("is no lower-case BCP 47 locale")
    fields = value.exactly("articles", "passages", "sentences", "digest")
    return LocaleEntry(
        articles=fields["articles"].count(),
        passages=fields["passages"].count(),
        sentences=fields["sentences"].count(),
        digest=fields["digest"].text(),
    )


def _file(name: str, value: _Value) -> FileEntry:
    if not is_safe_name(name) or name == MANIFEST_FILE:
        value.refuse("is no name of a file inside the generation")
    fields = value.exactly("size", "sha256")
    return FileEntry(size=fields["size"].count(), sha256=fields["sha256"].text(_SHA256))


@dataclass(frozen=True, slots=True)
class _Value:
    """A JSON value, the file it stands in, and its place there (`files > a.bin > size`)."""

    value: object
    where: str
    place: str

    def refuse(self, reason: str) -> NoReturn:
        field = f"'{self.place}' " if self.place else ""
        raise IndexCorrupt(f"{self.where}: {field}{reason}; {WAY_OUT}")

    def members(self) -> dict[str, _Value]:
        if not isinstance(self.value, dict):
            self.refuse("is no JSON object")
        start = f"{self.place} > " if self.place else ""
        return {name: _Value(value, self.where, f"{start}{name}") for name, value in self.value.items()}

    def exactly(self, *names: str) -> dict[str, _Value]:
        members = self.members()
        for name in sorted(set(names) - members.keys()):
            self.refuse(f"has no key {name!r}")
        for name in sorted(members.keys() - set(names)):
            self.refuse(f"has an unknown key {name!r}")
        return members

    def text(self, form: re.Pattern[str] | None = None) -> str:
        if not isinstance(self.value, str) or not self.value:
            self.refuse("is no text")
        if form is not None and not form.fullmatch(self.value):
            self.refuse(f"is {self.value[:100]!r}, not of the form {form.pattern}")
        return self.value

    def count(self, least: int = 0) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < least:
            self.refuse(f"is no whole number of at least {least}")
        return self.value

    def option(self) -> OptionValue:
        if not isinstance(self.value, str | int | float):
            self.refuse("is no text, number or truth value")
        return self.value

    def time(self) -> datetime:
        text = self.text(_CREATED)
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            self.refuse(f"is no time: {error}")


def _load(content: bytes, where: str) -> object:
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise IndexCorrupt(f"{where}: is no strict JSON ({error}); {WAY_OUT}") from error


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {repeated!r} stands twice")
    return members


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is beyond every float")
    return number


def _canonical(fields: dict[str, object]) -> bytes:
    return (json.dumps(fields, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True) + "\n").encode()
