"""docs/helpdesk.md and the files beside it: what they name exists, and what is to be copied works."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import shlex
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from indexer.build_report import BuildReport
from service.__main__ import app
from service.chatwoot_client import TRIES, Place
from service.chatwoot_queue import WAITING_MAX
from service.chatwoot_webhook import IncomingMessage, MessageBody, read_message
from service.serving import take_port
from service.settings import PREFIX, Settings
from tests.chatwoot_server import FakeChatwoot, deliver, delivery, link_to
from tests.processes import running, wait_until_live
from tests.service_app import build_app

ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs/helpdesk.md").read_text("utf-8")
ZENDESK = ROOT / "docs/helpdesk/zendesk"
ZAMMAD = ROOT / "docs/helpdesk/zammad"
VALUES = {"SERVICE": "https://help.example.com", "KEY": "pk_abc_DEF9", "LOCALES": "de-de en-us ja-jp"}


def blocks(language: str) -> list[str]:
    """The document's blocks of this language."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    return found


def packager() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_package", ZAMMAD / "make_package.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_setting_that_is_named_exists() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(rf"{PREFIX}\w+", DOCUMENT))
    assert named <= known
    assert {name for name in known if "CHATWOOT" in name} <= named


def test_the_delivery_of_the_document_is_read() -> None:
    [event] = blocks("json")
    question = "Darf der Anbieter meinen Kunden wegen Ausfällen schreiben?"
    assert read_message(MessageBody.model_validate(json.loads(event))) == IncomingMessage(
        Place(account=3, conversation=42), 311, question, ("de",)
    )


def test_the_answer_of_the_document_is_the_one_that_is_sent() -> None:
    [shown] = blocks("text")
    language = {"browser_language": "de"}
    with FakeChatwoot() as chatwoot:
        event = delivery(
            "Darf der Anbieter wegen Ausfällen schreiben?", conversation__additional_attributes=language
        )
        deliver(build_app(chatwoot=link_to(chatwoot.url)), event)
    assert [call.body["content"] for call in chatwoot.calls] == [shown.rstrip("\n")]


def test_the_figures_of_the_document_are_those_of_the_code() -> None:
    assert f"Up to {WAITING_MAX} messages" in DOCUMENT
    assert (TRIES, "Calls of Chatwoot are tried four times" in DOCUMENT) == (4, True)


def test_the_commands_of_the_document_exist_with_their_options() -> None:
    commands = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]
    ours = [words[3:] for words in commands if words[:3] == ["python", "-m", "service"]]
    assert [words[:2] for words in ours] == [["keys", "create"], ["keys", "create"]]
    text = CliRunner().invoke(app, ["keys", "create", "--help"], env={"COLUMNS": "200"}).output
    assert [word for words in ours for word in words if word.startswith("--") and word not in text] == []
    scripts = [words[1] for words in commands if len(words) > 1 and words[1].endswith(".py")]
    assert [(ROOT / script).is_file() for script in scripts] == [True]


@pytest.mark.model
def test_the_program_for_bots_names_its_sources(sample_build: tuple[Path, BuildReport]) -> None:
    [program] = blocks("python")
    port = take_port("127.0.0.1", 0)
    with running("service", "--index", str(sample_build[0]), "--port", str(port), drain_s="0"):
        # The service has no keys; the document's is none.
        run = program.replace("http://127.0.0.1:8000", wait_until_live(port)).replace("ck_...", "none")
        printed = subprocess.run(
            [sys.executable, "-c", run], capture_output=True, text=True, check=True
        ).stdout
    assert re.match(r"\S.* https://\S+/de-de/\S+\n", printed)


def read_json(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ZENDESK / path).read_text("utf-8"))
    return found


def test_the_zendesk_app_names_files_that_are_there() -> None:
    manifest = read_json("manifest.json")
    locations = manifest["location"]["support"]
    assert set(locations) == {"ticket_sidebar", "new_ticket_sidebar"}
    assert all((ZENDESK / location["url"]).is_file() for location in locations.values())
    assert (manifest["frameworkVersion"], manifest["private"]) == ("2.0", True)
    page = (ZENDESK / "assets/iframe.html").read_text("utf-8")
    own = [name for name in re.findall(r'(?:src|href)="([^"]+)"', page) if not name.startswith("https://")]
    assert own == ["panel.css", "panel.js"]
    assert all((ZENDESK / "assets" / name).is_file() for name in own)


def test_the_zendesk_app_loads_nothing_foreign_but_zendesks_own_script() -> None:
    texts = [
        path.read_text("utf-8") for path in ZENDESK.rglob("*") if path.suffix in {".html", ".js", ".css"}
    ]
    hosts = {host for text in texts for host in re.findall(r"https?://([\w.-]+)", text)}
    assert hosts == {"static.zdassets.com", "SUBDOMAIN.zendesk.com"}
    assert "<script>" not in "".join(texts)


def test_each_setting_of_the_zendesk_app_is_read_and_has_a_label() -> None:
    names = [parameter["name"] for parameter in read_json("manifest.json")["parameters"]]
    told = read_json("translations/en.json")["app"]["parameters"]
    script = (ZENDESK / "assets/panel.js").read_text("utf-8")
    assert names == list(told) == ["service", "key", "locales"]
    assert sorted(set(re.findall(r"settings\.(\w+)", script))) == sorted(names)


@pytest.mark.parametrize(("name", "pixels"), [("logo.png", 320), ("logo-small.png", 128)])
def test_the_icons_of_the_zendesk_app_have_the_size_that_zendesk_asks_for(name: str, pixels: int) -> None:
    head = (ZENDESK / "assets" / name).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:24]) == (pixels, pixels)


def test_the_zammad_package_holds_both_files_with_its_values() -> None:
    package = packager().make_package(VALUES)
    files = {each["location"]: base64.b64decode(each["content"]).decode() for each in package["files"]}
    tab = files["app/assets/javascripts/app/controllers/ticket_zoom/sidebar_citedesk.coffee"]
    policy = files["config/initializers/zz_citedesk.rb"]
    assert "service: 'https://help.example.com'" in tab
    assert "key: 'pk_abc_DEF9'" in tab
    assert "locales: 'de-de en-us ja-jp'.split(' ')" in tab
    assert policy.endswith("'https://help.example.com')\n")
    assert "@" not in policy
    assert re.findall(r"@[A-Z]+@", tab) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE", "http://help.example.com"),
        ("SERVICE", "https://help.example.com/"),
        ("SERVICE", "https://help.example.com'; system('x') #"),
        ("KEY", "ck_secret"),
        ("KEY", "pk_a'"),
        ("LOCALES", "de-de,en-us"),
        ("LOCALES", ""),
    ],
)
def test_a_value_that_would_break_the_zammad_package_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} does not fit"):
        packager().make_package({**VALUES, name: value})


def test_the_zammad_package_is_written_by_one_command() -> None:
    command = [sys.executable, str(ZAMMAD / "make_package.py"), *VALUES.values()]
    written = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(written) == packager().make_package(VALUES)
    refused = subprocess.run(command[:-1], capture_output=True, text=True, check=False)
    assert (refused.returncode, "citedesk.zpm" in refused.stderr) == (1, True)
