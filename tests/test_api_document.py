"""docs/api.md shows each route with a request and its reply, and the service answers as it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from indexer.build_report import BuildReport
from service.key_file import change_ring
from service.keys import EVERYDAY_SCOPES, Key, digest_of, make_key
from service.serving import take_port
from tests.access import NOW
from tests.processes import ROOT, running, wait_until_live
from tests.service_app import Client, build_app
from tests.test_handover import SECRET, Receiver

DOCUMENT = (ROOT / "docs/api.md").read_text("utf-8")
# The address that its readers use.
ADDRESS = "http://127.0.0.1:8000"
ANYTHING = "..."
EARLIER = "ID_OF_AN_ANSWER"


@dataclass(frozen=True)
class Example:
    """What is sent or run, in the language of its block, and what comes back."""

    name: str
    kind: str
    given: str
    reply: str


def examples(document: str) -> list[Example]:
    """Each block of a request or a program with the block behind it."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    assert len(blocks) % 2 == 0
    pairs = zip(blocks[::2], blocks[1::2], strict=True)
    return [
        Example(f"{number}: {given.splitlines()[0]}", kind, given, reply)
        for number, ((kind, given), (_, reply)) in enumerate(pairs, start=1)
    ]


def differences(documented: object, sent: object, place: str = "reply") -> Iterator[str]:
    """Where a reply is not what the document says."""
    if documented == ANYTHING:
        return
    if isinstance(documented, dict) and isinstance(sent, dict):
        missing = {key for key in documented if key != ANYTHING} - set(sent)
        added = set() if ANYTHING in documented else set(sent) - set(documented)
        yield from (f"{place}.{key} is on one side only" for key in sorted(missing | added))
        for key in (key for key in documented if key in sent):
            yield from differences(documented[key], sent[key], f"{place}.{key}")
    elif isinstance(documented, list) and isinstance(sent, list):
        shown = documented[:-1] if documented[-1:] == [ANYTHING] else documented
        if len(sent) < len(shown) or (len(sent) > len(shown) and shown is documented):
            yield f"{place} has {len(sent)} entries"
        for index, (one, other) in enumerate(zip(shown, sent, strict=False)):
            yield from differences(one, other, f"{place}[{index}]")
    elif documented != sent:
        yield f"{place} is {sent!r}, not {documented!r}"


def events(text: str) -> list[tuple[str, Any]]:
    """The names and data of a stream."""
    found = re.findall(r"event: (.*)\ndata: (.*)", text.replace("\r\n", "\n"))
    return [(name, json.loads(data)) for name, data in found]


@pytest.fixture(scope="module")
def helpdesk() -> Iterator[str]:
    """Where hand-overs are taken."""
    with Receiver() as server:
        yield server.url


@pytest.fixture(scope="module")
def address(
    sample_build: tuple[Path, BuildReport], tmp_path_factory: pytest.TempPathFactory, helpdesk: str
) -> Iterator[str]:
    """The service over the sample articles; it keeps what is asked, knows a key, and asks for none."""
    folder = tmp_path_factory.mktemp("kept")
    change_ring(folder / "keys.json", lambda ring: ring.with_key(documented_key()))
    kept = {
        "database_url": f"sqlite:///{folder / 'citedesk.db'}",
        "store_questions": "true",
        "keys_file": str(folder / "keys.json"),
        "open": "true",
        "rate": "1000/second",
        "handover_url": helpdesk,
        "handover_secret": SECRET,
    }
    port = take_port("127.0.0.1", 0)
    with running("service", "--index", str(sample_build[0]), "--port", str(port), drain_s="0", **kept):
        address = wait_until_live(port)
        assert httpx.get(f"{address}/health/ready").status_code == 200
        yield address


def documented_key() -> Key:
    """The publishable key of the document."""
    [text] = re.findall(r"pk_[0-9a-f]{12}_[\w-]{43}", DOCUMENT, re.ASCII)
    _, made = make_key(
        "document", scopes=EVERYDAY_SCOPES, origins=["https://help.example"], rate=None, total_rate=None,
        expires=None, now=NOW,
    )  # fmt: skip
    return replace(made, id=text.split("_")[1], digest=digest_of(text))


EXAMPLES = examples(DOCUMENT)
REQUESTS = [example for example in EXAMPLES if example.kind == "http"]
PROGRAMS = [example for example in EXAMPLES if example.kind == "python"]


@pytest.mark.model
@pytest.mark.parametrize("example", REQUESTS, ids=lambda example: example.name)
def test_a_request_is_answered_as_the_document_says(address: str, example: Example) -> None:
    head, _, body = example.given.partition("\n\n")
    (method, path), *headers = [line.split(" ", 1) for line in head.splitlines()]
    sent = {name.removesuffix(":"): value for name, value in headers}
    if EARLIER in body:
        asked = httpx.post(f"{address}/v1/ask", json={"question": "Who can reset a password?"}, timeout=30)
        body = body.replace(EARLIER, asked.json()["id"])
    response = httpx.request(method, address + path, headers=sent, content=body.encode(), timeout=30)
    if example.reply.startswith("event: "):
        told, documented = events(response.text), events(example.reply)
        assert [name for name, _ in told] == [name for name, _ in documented]
        faults = list(differences([data for _, data in documented], [data for _, data in told]))
    else:
        faults = list(differences(json.loads(example.reply), response.json()))
    assert faults == []


@pytest.mark.model
@pytest.mark.parametrize("example", PROGRAMS, ids=lambda example: example.name)
def test_a_program_prints_what_the_document_says(address: str, example: Example) -> None:
    program = example.given.replace(ADDRESS, address)
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout == example.reply


def test_every_route_is_documented_with_an_example() -> None:
    paths = Client(build_app()).get("/openapi.json").json()["paths"]
    mounted = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    sections = dict(re.findall(r"^## `(.*?)`$(.*?)(?=^## `|\Z)", DOCUMENT, re.DOTALL | re.MULTILINE))
    assert (mounted | {"POST /mcp"}) - set(sections) == set()
    assert [name for name, section in sections.items() if not examples(section)] == []
    for name, section in sections.items():
        method, path = name.split(" ")
        shown = re.escape(f"{method} {path}").replace(r"\{", "{").replace(r"\}", "}")
        asked = re.sub(r"{\w+}", r"\\S+", shown)
        assert any(re.match(asked + "$", e.given.split("\n")[0]) for e in examples(section)), name


def test_differences_are_seen_in_each_form() -> None:
    documented = {"a": 1, "b": [1, "..."], "c": "...", "d": {"x": 1, "...": "..."}}
    assert list(differences(documented, {"a": 1, "b": [1, 2], "c": [], "d": {"x": 1, "y": 2}})) == []
    assert list(differences(documented, {"a": 2, "b": [], "c": 0, "d": {}, "e": 0})) == [
        "reply.e is on one side only",
        "reply.a is 2, not 1",
        "reply.b has 0 entries",
        "reply.d.x is on one side only",
    ]
    assert list(differences([1], [1, 2])) == ["reply has 2 entries"]
