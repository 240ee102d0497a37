"""The manifest is believed only where every byte of it is as it was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import IndexCorrupt
from indexer.manifest import (
    FileEntry,
    LocaleEntry,
    Manifest,
    ModelEntry,
    format_manifest,
    is_safe_name,
    parse_manifest,
)

# SHA-256 of "abc", from FIPS 180-2, appendix B.1.
SHA_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
MANIFEST = Manifest(
    format=1,
    created=datetime(2025, 11, 21, 9, 30, 5, tzinfo=UTC),
    digest="0123456789abcdef",
    options={"lead": 0.5, "prune": False, "tokens": 480, "名": "é"},
    model=ModelEntry(name="e5", fingerprint="77", dimension=384, max_tokens=512, engine="ctranslate2"),
    locales={"ja-jp": LocaleEntry(articles=1, passages=2, sentences=3, digest="d1")},
    files={"ja-jp/passages.jsonl": FileEntry(size=3, sha256=SHA_ABC)},
)
WRITTEN = """{
 "checksum": "CHECKSUM",
 "created": "2025-11-21T09:30:05Z",
 "digest": "0123456789abcdef",
 "files": {
  "ja-jp/passages.jsonl": {
   "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
   "size": 3
  }
 },
 "format": 1,
 "locales": {
  "ja-jp": {
   "articles": 1,
   "digest": "d1",
   "passages": 2,
   "sentences": 3
  }
 },
 "model": {
  "dimension": 384,
  "engine": "ctranslate2",
  "fingerprint": "77",
  "max_tokens": 512,
  "name": "e5"
 },
 "options": {
  "lead": 0.5,
  "prune": false,
  "tokens": 480,
  "名": "é"
 }
}
"""

names = st.from_regex(r"[a-z0-9]{1,5}(-[a-z]{2})?(/[a-zA-Z0-9_.ä文]{1,6})?", fullmatch=True).filter(
    is_safe_name
)
counts = st.integers(min_value=0, max_value=2**70)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
values = (
    texts | st.just("") | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
)
manifests = st.builds(
    Manifest,
    format=st.just(1),
    created=st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)).map(
        lambda time: time.replace(microsecond=0)
    ),
    digest=st.from_regex(r"[0-9a-f]{12,64}", fullmatch=True),
    options=st.dictionaries(texts, values, max_size=3),
    model=st.builds(
        ModelEntry,
        name=texts,
        fingerprint=texts,
        dimension=counts.map(lambda n: n + 1),
        max_tokens=counts.map(lambda n: n + 1),
        engine=st.sampled_from(["ctranslate2", "sentence-transformers"]),
    ),
    locales=st.dictionaries(
        st.from_regex(r"[a-z]{2}(-[a-z0-9]{2,4})?", fullmatch=True),
        st.builds(LocaleEntry, articles=counts, passages=counts, sentences=counts, digest=texts),
        max_size=3,
    ),
    files=st.dictionaries(
        names,
        st.builds(FileEntry, size=counts, sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True)),
        max_size=3,
    ),
)


def signed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The manifest with a change that its checksum agrees to."""
    fields = json.loads(format_manifest(MANIFEST))
    del fields["checksum"]
    change(fields)
    bare = (json.dumps(fields, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    fields.setdefault("checksum", hashlib.sha256(bare).hexdigest())
    return (json.dumps(fields, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def test_a_manifest_is_written_as_sorted_json_with_a_checksum_of_the_rest() -> None:
    rest = WRITTEN.replace(' "checksum": "CHECKSUM",\n', "")
    expected = WRITTEN.replace("CHECKSUM", hashlib.sha256(rest.encode()).hexdigest())
    assert format_manifest(MANIFEST).decode() == expected


@settings(deadline=None)
@given(manifests)
def test_a_manifest_reads_back_as_it_was_written(manifest: Manifest) -> None:
    assert parse_manifest(format_manifest(manifest), "m") == manifest


def test_a_manifest_keeps_the_difference_between_1_and_true_and_1_0() -> None:
    options: dict[str, str | int | float | bool] = {"a": 1, "b": True, "c": 1.0}
    read = parse_manifest(format_manifest(replace(MANIFEST, options=options)), "m").options
    assert [type(read[name]) for name in "abc"] == [int, bool, float]


@settings(deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_in_a_manifest_is_refused_by_name(data: st.DataObject) -> None:
    content = bytearray(format_manifest(MANIFEST))
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    with pytest.raises(IndexCorrupt, match=r"^gen/manifest\.json: "):
        parse_manifest(bytes(content), "gen/manifest.json")


@settings(deadline=None)
@given(st.data())
def test_a_manifest_cut_short_is_refused(data: st.DataObject) -> None:
    content = format_manifest(MANIFEST)
    with pytest.raises(IndexCorrupt, match=r"^m: "):
        parse_manifest(content[: data.draw(st.integers(0, len(content) - 1))], "m")


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.sampled_from(["created", "digest", "options", "model", "locales", "files"]), json_values)
def test_any_json_in_a_field_is_read_or_refused_by_the_fields_name(field: str, value: Any) -> None:
    content = signed(lambda fields: fields.update({field: value}))
    told = f"m: '{field}"
    try:
        assert format_manifest(parse_manifest(content, "m")) == content
    except IndexCorrupt as error:
        told = str(error)
    assert told.startswith(f"m: '{field}")


@pytest.mark.parametrize("number", [0, 2, 99])
def test_another_index_format_says_which_and_to_rebuild(number: int) -> None:
    content = json.dumps({"format": number, "whatever": []}).encode()
    message = f"^m: index format {number}, this program reads 1: rebuild with python -m indexer build$"
    with pytest.raises(IndexCorrupt, match=message):
        parse_manifest(content, "m")


SHAPES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no format": (lambda f: f.pop("format"), "has no key 'format'"),
    "format is true": (lambda f: f.update(format=True), "'format' is no whole number of at least 0"),
    "format is text": (lambda f: f.update(format="1"), "'format' is no whole number"),
    "unknown key": (lambda f: f.update(extra=1), "has an unknown key 'extra'"),
    "missing key": (lambda f: f.pop("model"), "has no key 'model'"),
    "created without Z": (
        lambda f: f.update(created="2025-11-21T09:30:05"),
        "'created' is '2025-11-21T09:30:05'",
    ),
    "created on day 32": (lambda f: f.update(created="2025-11-32T09:30:05Z"), "'created' is no time"),
    "created in Arabic digits": (lambda f: f.update(created="٢025-11-21T09:30:05Z"), "'created' is "),
    "digest too short": (lambda f: f.update(digest="abc"), "'digest' is 'abc', not of the form"),
    "digest in capitals": (lambda f: f.update(digest="ABCDEF012345"), "'digest' is 'ABCDEF012345'"),
    "digest with a newline": (lambda f: f.update(digest="abcdef012345\n"), "'digest' is "),
    "options is a list": (lambda f: f.update(options=[]), "'options' is no JSON object"),
    "option is null": (
        lambda f: f["options"].update(a=None),
        "'options > a' is no text, number or truth value",
    ),
    "option is a list": (lambda f: f["options"].update(a=[1]), "'options > a' is no text"),
    "model key": (lambda f: f["model"].pop("engine"), "'model' has no key 'engine'"),
    "engine": (lambda f: f["model"].update(engine="x"), "'model > engine' is none of ctranslate2, sentence"),
    "engine is a list": (lambda f: f["model"].update(engine=[]), "'model > engine' is none of"),
    "dimension 0": (
        lambda f: f["model"].update(dimension=0),
        "'model > dimension' is no whole number of at least 1",
    ),
    "dimension 4.0": (lambda f: f["model"].update(dimension=4.0), "'model > dimension' is no whole number"),
    "empty fingerprint": (lambda f: f["model"].update(fingerprint=""), "'model > fingerprint' is no text"),
    "locale": (lambda f: f["locales"].update({"ja_JP": {}}), "'locales > ja_JP' is no lower-case BCP 47"),
    "negative count": (
        lambda f: f["locales"]["ja-jp"].update(passages=-1),
        "'locales > ja-jp > passages' is no whole number",
    ),
    "sha256 too short": (
        lambda f: f["files"]["ja-jp/passages.jsonl"].update(sha256="00"),
        "'files > ja-jp/passages.jsonl > sha256' is '00'",
    ),
    "size is text": (
        lambda f: f["files"]["ja-jp/passages.jsonl"].update(size="3"),
        "'files > ja-jp/passages.jsonl > size' is no whole number",
    ),
    "checksum of nothing": (
        lambda f: f.update(checksum="0" * 64),
        "'checksum' is not that of the file's content",
    ),
    "checksum is no hash": (lambda f: f.update(checksum="x"), "'checksum' is 'x'"),
}


@pytest.mark.parametrize(("change", "told"), SHAPES.values(), ids=SHAPES)
def test_a_manifest_of_another_shape_is_refused_by_file_and_field(
    change: Callable[[dict[str, Any]], object], told: str
) -> None:
    with pytest.raises(IndexCorrupt) as caught:
        parse_manifest(signed(change), "gen/manifest.json")
    assert str(caught.value).startswith(f"gen/manifest.json: {told}")
    assert "python -m indexer build" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no strict JSON"),
        (b"\xff\xfe{}", "is no strict JSON"),
        (b"[1]", "is no JSON object"),
        (b"null", "is no JSON object"),
        (b'{"format": 1, "format": 1}', "is no strict JSON (key 'format' stands twice)"),
        (b'{"format": NaN}', "is no strict JSON (NaN is no number)"),
        (b'{"format": 1e999}', "is no strict JSON (1e999 is beyond every float)"),
        (b'{"format": ' + b"9" * 5000 + b"}", "is no strict JSON"),
        (b"[" * 100_000, "is no strict JSON"),
        (b'{"format": 1} {}', "is no strict JSON"),
    ],
    ids=["empty", "utf-16", "list", "null", "twice", "nan", "infinite", "5,000 digits", "deep", "two"],
)
def test_a_manifest_that_is_no_strict_json_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(IndexCorrupt) as caught:
        parse_manifest(content, "m")
    assert str(caught.value).startswith(f"m: {told}")


def test_a_file_named_twice_in_a_manifest_is_refused() -> None:
    name = b'  "ja-jp/passages.jsonl": {'
    content = format_manifest(MANIFEST)
    entry = content[content.index(name) : content.index(b"  }\n }")] + b"  },\n"
    with pytest.raises(IndexCorrupt, match=r"key 'ja-jp/passages\.jsonl' stands twice"):
        parse_manifest(content.replace(name, entry + name), "m")


UNSAFE = [
    "", ".", "..", "/", "/etc/passwd", "../x", "a/../b", "a/..", "a//b", "a/", "./a", "a/./b", "a\\b",
    "a\nb", "a\x00b", "\x7f", "\udce9", "manifest.json",
]  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE, ids=ascii)
def test_a_manifest_may_not_name_a_file_outside_its_folder_or_itself(name: str) -> None:
    entry = {"size": 3, "sha256": SHA_ABC}
    content = json.dumps({**json.loads(format_manifest(MANIFEST)), "files": {name: entry}}).encode()
    with pytest.raises(IndexCorrupt, match="is no name of a file inside the generation"):
        parse_manifest(content, "m")


@settings(deadline=None)
@given(st.text(st.sampled_from("a./\\b \n文"), max_size=8) | st.text(max_size=8))
def test_a_safe_name_is_one_path_below_the_folder_and_no_other(name: str) -> None:
    if is_safe_name(name):
        path = PurePosixPath("/root") / name
        assert path.is_relative_to("/root")
        assert str(path) == f"/root/{name}"
        assert Path(f"/root/{name}").resolve().is_relative_to("/root")
        assert name.encode("utf-8").decode("utf-8") == name
