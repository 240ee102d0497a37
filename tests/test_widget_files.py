"""The widget's files: small, served to any page, kept by their hash, and without a way in for markup."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path
from urllib.parse import urljoin

import pytest

from service.widget_files import WIDGET_DIR, make_file, read_widget
from tests.access import CLOSED, OPEN, PAGE, KeysInMemory, make_access
from tests.service_app import Client, build_app

WIDGET = read_widget()
FOLDER = f"/widget/{WIDGET.hash}"
MODULES = {name: file.content.decode() for name, file in WIDGET.by_path.items() if name.endswith(".js")}
STRINGS = json.loads(WIDGET.by_path["strings/en-us.json"].content)
IMPORT = re.compile(r'^import (?:\{ ([^}]*) \} from )?"\./([^"]+)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function\*?|class) (\w+)", re.MULTILINE)
# 25 KB, each file compressed for itself, as it travels.
MOST_BYTES = 25_000


@pytest.fixture
def client() -> Client:
    return Client(build_app())


def test_all_modules_the_style_and_one_languages_strings_are_under_25_kb() -> None:
    sent = [
        len(file.compressed)
        for name, file in WIDGET.by_path.items()
        if not name.startswith("strings/") or name == "strings/en-us.json"
    ]
    assert sum(sent) + len(WIDGET.entry.compressed) < MOST_BYTES


def test_the_entry_names_each_module_of_the_folder_and_is_kept_for_minutes(client: Client) -> None:
    response = client.get("/widget/citedesk-chat.js")
    named = re.findall(r'"\./([^"]+)"', response.text)
    assert sorted(named) == sorted(f"{WIDGET.hash}/{name}" for name in MODULES if name != "frame.js")
    assert response.text.endswith(f'export * from "./{WIDGET.hash}/citedesk-chat.js";\n')
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("citedesk-chat.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("strings/en-us.json", "application/json"),
    ],
)
def test_a_file_is_kept_for_a_year_and_given_to_pages_of_any_origin(
    client: Client, name: str, media_type: str
) -> None:
    response = client.get(f"{FOLDER}/{name}", headers={"Origin": "https://anywhere.example"})
    assert response.content == WIDGET.by_path[name].content
    assert response.headers["content-type"] == media_type
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_file_that_the_browser_has_is_not_sent_again_in_the_form_that_it_has(client: Client) -> None:
    packed = client.get(f"{FOLDER}/style.css", headers={"Accept-Encoding": "gzip, br"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding, Origin")
    plain = client.get(f"{FOLDER}/style.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == (WIDGET_DIR / "style.css").read_bytes()
    known = {"If-None-Match": packed.headers["etag"], "Accept-Encoding": "gzip"}
    again = client.get(f"{FOLDER}/style.css", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(f"{FOLDER}/style.css", headers={**known, "Accept-Encoding": "identity"})
    assert (other.status_code, other.content) == (200, plain.content)


@pytest.mark.parametrize(
    "path",
    [
        f"/widget/{'0' * 16}/other.css",
        f"/widget/{'0' * 15}/style.css",
        f"/widget/{'0' * 16}/../app.py",
        f"{FOLDER}/../app.py",
        f"{FOLDER}/%2e%2e%2fapp.py",
        f"{FOLDER}/frame.html",
        f"{FOLDER}/",
        f"{FOLDER}/style.css/",
        f"{FOLDER}/strings/xx-xx.json",
    ],
)
def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("name", ["citedesk-chat.js", "style.css", "strings/de-de.json"])
def test_the_folder_of_another_version_leads_to_the_file_of_this_one(client: Client, name: str) -> None:
    response = client.get(f"/widget/{'0' * 16}/{name}", headers={"Origin": "https://anywhere.example"})
    assert (response.status_code, response.content) == (302, b"")
    assert urljoin(f"/widget/{'0' * 16}/{name}", response.headers["location"]) == f"{FOLDER}/{name}"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"


def test_one_changed_byte_or_name_gives_another_folder(tmp_path: Path) -> None:
    folder = shutil.copytree(WIDGET_DIR, tmp_path / "widget")
    assert read_widget(folder).hash == WIDGET.hash
    style = folder / "style.css"
    style.write_bytes(style.read_bytes() + b"\n")
    changed = read_widget(folder)
    assert changed.hash != WIDGET.hash
    assert changed.hash.encode() in changed.entry.content
    style.rename(folder / "other.css")
    assert read_widget(folder).hash not in (WIDGET.hash, changed.hash)


def test_compressing_gives_the_same_bytes_each_time() -> None:
    assert read_widget().by_path["style.css"].compressed == WIDGET.by_path["style.css"].compressed
    assert gzip.decompress(WIDGET.entry.compressed) == WIDGET.entry.content


def test_scripts_travel_without_the_lines_that_are_comments_alone() -> None:
    source = b'// One.\nexport const a = "//b"; // two\n  // Three.\n\nexport const c = `//`;\n'
    sent = make_file(source, suffix=".js").content
    assert sent == b'export const a = "//b"; // two\n\nexport const c = `//`;\n'
    assert make_file(source, suffix=".css").content == source


def test_no_script_has_a_text_over_several_lines_which_might_look_like_a_comment() -> None:
    lines = [line for source in MODULES.values() for line in source.splitlines()]
    assert [line for line in lines if line.count("`") % 2] == []
    assert [line for line in lines if "/*" in line] == []


@pytest.mark.parametrize("name", MODULES)
def test_text_enters_as_text_alone_and_nothing_is_loaded_from_elsewhere(name: str) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|setHTML|createContextualFragment|parseFromString"
        r"|document\.write|\beval\(|new Function|\.style\b|srcdoc|cssText|https?://"
    )
    assert re.findall(forbidden, MODULES[name]) == []


def test_only_one_place_makes_links_and_only_to_web_addresses() -> None:
    linking = {name for name, source in MODULES.items() if re.search(r"\bhref\b\s*[:=]", source)}
    assert linking == {"elements.js"}
    assert '["http:", "https:"].includes(address.protocol)' in MODULES["elements.js"]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_what_another_one_exports(name: str) -> None:
    for names, module in IMPORT.findall(MODULES[name]):
        assert {part for part in names.split(", ") if part} <= set(EXPORT.findall(MODULES[module])), module


def test_each_string_that_is_said_is_written_and_each_written_one_is_said() -> None:
    source = "\n".join(MODULES.values())
    said = set(re.findall(r'"([a-z_]+)"', source))
    families = ["error_", "translation_", "refusal_", "feedback_", "hand_over_", "reason_"]
    made = {key for key in STRINGS for family in families if key.startswith(family)}
    assert set(STRINGS) - said - made == set()
    assert set(re.findall(r'say\("([a-z_]+)"', source)) - set(STRINGS) == set()
    assert set(re.findall(r'parts\("([a-z_]+)"', source)) - set(STRINGS) == set()


def test_the_script_knows_the_locales_that_have_strings() -> None:
    listed = re.search(r"LOCALES = \[([^\]]*)\]", MODULES["strings.js"])
    assert listed is not None
    assert sorted(re.findall(r'"([^"]+)"', listed[1])) == sorted(
        path.stem for path in (WIDGET_DIR / "strings").glob("*.json")
    )


def test_the_frame_loads_its_own_files_alone_and_has_nothing_inline(client: Client) -> None:
    page = client.get("/widget/frame").text
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sorted(loaded) == [f"{FOLDER}/frame.css", f"{FOLDER}/frame.js"]
    assert re.findall(r"<script(?![^>]* src=)[^>]*>|<style|\sstyle=|\son[a-z]+=", page) == []


def policy_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    return str(response.headers["content-security-policy"])


def refusal_of(client: Client, address: str) -> tuple[int, str]:
    response = client.get(address)
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    return response.status_code, response.json()["type"].removeprefix("/problems/")


def test_without_keys_pages_of_this_machine_show_the_frame(client: Client) -> None:
    policy = policy_of(client, "/widget/frame?origin=http://localhost:3000")
    assert policy.endswith("; frame-ancestors http://localhost:* http://127.0.0.1:*")
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
    assert refusal_of(client, "/widget/frame?origin=https://evil.example") == (403, "refused-origin")
    assert refusal_of(client, "/widget/frame?origin=http://localhost.evil.example") == (403, "refused-origin")


def test_pages_of_the_keys_origins_show_the_frame_and_no_others() -> None:
    keys = KeysInMemory()
    text, key = keys.add(origins=[PAGE, "https://other.example"])
    secret, _ = keys.add("secret")
    keys.add("elsewhere", origins=["https://elsewhere.example"])
    client = Client(build_app(access=make_access(keys, CLOSED)))
    expected = f"; frame-ancestors {PAGE} https://other.example"
    assert policy_of(client, f"/widget/frame?key={text}").endswith(expected)
    assert policy_of(client, f"/widget/frame?key={text}&origin={PAGE}").endswith(expected)
    for origin in ("https://elsewhere.example", "http://localhost:3000", f"{PAGE}/", "null", "*", "x; y"):
        address = f"/widget/frame?key={text}&origin={origin}"
        assert refusal_of(client, address) == (403, "refused-origin"), origin
    assert refusal_of(client, "/widget/frame") == (401, "missing-key")
    assert refusal_of(client, f"/widget/frame?key={secret}") == (401, "invalid-key")
    assert refusal_of(client, "/widget/frame?key=pk_x") == (401, "invalid-key")
    keys.revoke(key)
    assert refusal_of(client, f"/widget/frame?key={text}") == (401, "invalid-key")


def test_an_open_service_without_origins_shows_its_frame_nowhere() -> None:
    client = Client(build_app(access=make_access(rules=OPEN)))
    assert policy_of(client, "/widget/frame").endswith("; frame-ancestors 'none'")
    assert refusal_of(client, "/widget/frame?origin=http://localhost:3000") == (403, "refused-origin")
