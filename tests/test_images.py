"""The two images and docker-compose.yml: what is in them, who runs in them, and what they may touch.

No container engine is needed: the files are read, and the scripts inside them are run.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from service.access_check import AccessError, check_access
from service.settings import PREFIX, Settings
from tests.local_server import LocalServer

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what it starts from, and its instructions as (keyword, arguments)."""

    base: str
    steps: tuple[tuple[str, str], ...]

    def last(self, keyword: str) -> str | None:
        """The arguments of the last such instruction, which is the one that counts."""
        return next((rest for key, rest in reversed(self.steps) if key == keyword), None)

    def sources(self) -> set[str]:
        """The earlier stages that files are copied from."""
        copies = [re.match(r"--from=(\S+)", rest) for key, rest in self.steps if key == "COPY"]
        return {copy[1] for copy in copies if copy}


def read_dockerfile(text: str) -> dict[str, Stage]:
    """The stages by name, in order."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    stages: dict[str, Stage] = {}
    name = ""
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        keyword, rest = line.split(maxsplit=1)
        if keyword == "FROM":
            base, name = rest.split(" AS ")
            stages[name] = Stage(base, ())
        else:
            stages[name] = Stage(stages[name].base, (*stages[name].steps, (keyword, rest)))
    return stages


STAGES = read_dockerfile((ROOT / "Dockerfile").read_text(encoding="utf-8"))
IMAGES = ("indexer", "service")


def ancestry(name: str) -> set[str]:
    """The stages whose files or settings end in this one, itself included."""
    stage = STAGES[name]
    nearer = ({stage.base} & STAGES.keys()) | stage.sources()
    return {name}.union(*(ancestry(other) for other in nearer))


def test_each_stage_starts_from_slim_python_or_an_earlier_stage() -> None:
    earlier: set[str] = {"python:3.11-slim"}
    for name, stage in STAGES.items():
        assert {stage.base} | stage.sources() <= earlier, name
        earlier.add(name)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_as_a_user_without_rights(image: str) -> None:
    assert STAGES[image].last("USER") == "citedesk"
    useradd = next(rest for key, rest in STAGES["base"].steps if key == "RUN" and "useradd" in rest)
    assert "--uid 10001" in useradd


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_starts_its_program_without_a_shell(image: str) -> None:
    assert json.loads(STAGES[image].last("ENTRYPOINT") or "") == ["python", "-m", image]
    for key, rest in STAGES[image].steps:
        if key == "CMD":
            assert json.loads(rest)


def test_only_the_indexer_image_takes_torch() -> None:
    taking = {name for name, stage in STAGES.items() for _, rest in stage.steps if "torch" in rest}
    assert taking == {"indexer-packages"}
    assert "indexer-packages" in ancestry("indexer")
    assert "indexer-packages" not in ancestry("service")


@pytest.mark.parametrize("stage", ["service-packages", "indexer-packages"])
def test_images_install_locked_versions(stage: str) -> None:
    installs = [rest for key, rest in STAGES[stage].steps if key == "RUN" and " install " in rest]
    assert installs
    unlocked = [
        rest
        for rest in installs
        if not re.search(
            r"--constraint requirements\.lock|--no-deps .*(/wheels/\*\.whl|requirements\.lock)", rest
        )
    ]
    assert unlocked == []


def test_copied_files_exist_and_are_sent_to_the_build() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore
    copied = {
        source
        for stage in STAGES.values()
        for key, rest in stage.steps
        if key == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == {"pyproject.toml", "requirements.lock", "README.md", "LICENSE", "indexer", "service"}
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == copied


def test_dependencies_are_listed_from_the_project_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    _, *arguments = json.loads(STAGES["dependencies"].last("RUN") or "")
    subprocess.run([sys.executable, *arguments], cwd=tmp_path, check=True, timeout=30)
    extras = PROJECT["optional-dependencies"]
    assert (tmp_path / "service.txt").read_text().splitlines() == [
        *PROJECT["dependencies"], *extras["postgres"], *extras["chat"],
    ]  # fmt: skip
    extra = PROJECT["optional-dependencies"]["indexer"]
    assert (tmp_path / "indexer.txt").read_text().splitlines() == [*PROJECT["dependencies"], *extra]


def service_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(STAGES["service"].last("ENV") or ""))


def test_the_service_image_sets_known_options_and_listens_on_all_addresses() -> None:
    given = {name.removeprefix(PREFIX).lower(): value for name, value in service_environment().items()}
    settings = Settings.model_validate(given)
    assert (settings.host, settings.port, settings.index_dir) == ("0.0.0.0", 8000, Path("/index"))
    assert STAGES["service"].last("EXPOSE") == "8000"


def test_conversations_are_kept_in_a_volume_that_only_the_service_may_enter() -> None:
    assert service_environment()["CITEDESK_DATABASE_URL"] == "sqlite:////data/citedesk.db"
    made = next(rest for key, rest in STAGES["base"].steps if key == "RUN" and "/data" in rest)
    assert "install -d -o citedesk -g citedesk -m 700 /data" in made
    assert "conversations:/data" in COMPOSE["services"]["service"]["volumes"]


@pytest.fixture
def answering_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server on this machine that answers /health/ready with the status asked for."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    with LocalServer(Ready) as server:
        yield server.server_port


@pytest.mark.parametrize(("answering_port", "exit_code"), [(200, 0), (503, 1)], indirect=["answering_port"])
def test_the_health_check_tells_ready_from_not_ready(answering_port: int, exit_code: int) -> None:
    _, command = (STAGES["service"].last("HEALTHCHECK") or "").split(" CMD ")
    _, flag, script = json.loads(command)
    assert "8000" in script
    done = subprocess.run(
        [sys.executable, flag, script.replace("8000", str(answering_port))], timeout=30, check=False
    )
    assert done.returncode == exit_code


COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("image", IMAGES)
def test_a_container_is_built_from_its_stage_and_has_no_rights(image: str) -> None:
    container = COMPOSE["services"][image]
    assert container["build"] == {"context": ".", "target": image}
    assert container["read_only"] is True
    assert container["tmpfs"] == ["/tmp"]
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]


def test_the_indexer_reads_the_corpus_writes_the_index_and_exits() -> None:
    indexer = COMPOSE["services"]["indexer"]
    assert indexer["restart"] == "no"
    assert indexer["volumes"] == ["${CORPUS:-./indexer/samples}:/corpus:ro", "index:/index"]
    assert indexer["command"] == ["build", "/corpus", "--index", "/index"]
    assert (ROOT / "indexer/samples").is_dir()


def test_the_service_reads_the_finished_index_and_is_reached_from_this_machine_only() -> None:
    service = COMPOSE["services"]["service"]
    assert service["depends_on"] == {"indexer": {"condition": "service_completed_successfully"}}
    keys_dir = Path(service_environment()["CITEDESK_KEYS_FILE"]).parent
    index_dir = service_environment()["CITEDESK_INDEX_DIR"]
    assert service["volumes"] == [f"index:{index_dir}:ro", "conversations:/data", f"keys:{keys_dir}"]
    assert service["ports"] == [f"127.0.0.1:8000:{service_environment()['CITEDESK_PORT']}"]
    assert {"disable", "test"} & service["healthcheck"].keys() == set()
    assert COMPOSE["volumes"] == {"index": None, "conversations": None, "keys": None}


def test_the_container_is_open_because_only_this_machine_reaches_it_and_can_be_closed() -> None:
    service = COMPOSE["services"]["service"]
    assert service["environment"]["CITEDESK_OPEN"] == "${CITEDESK_OPEN:-true}"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_service_image_alone_refuses_to_start_without_keys(tmp_path: Path) -> None:
    given = {name.removeprefix(PREFIX).lower(): value for name, value in service_environment().items()}
    assert "open" not in given
    settings = Settings.model_validate({**given, "keys_file": tmp_path / "keys.json"})
    with pytest.raises(AccessError, match=r"others may reach 0\.0\.0\.0"):
        check_access(settings)


def test_the_container_takes_the_chat_endpoint_of_whoever_starts_it() -> None:
    taken = {name for name, value in COMPOSE["services"]["service"]["environment"].items() if value is None}
    assert taken == {"CITEDESK_CHAT_URL", "CITEDESK_CHAT_MODEL", "CITEDESK_CHAT_KEY"}


def test_the_service_may_write_its_keys() -> None:
    made = next(rest for key, rest in STAGES["base"].steps if key == "RUN" and "useradd" in rest)
    assert "install -d -o citedesk -g citedesk -m 700 /keys" in made


def test_a_stopping_container_has_time_to_answer() -> None:
    grace_s = float(COMPOSE["services"]["service"]["stop_grace_period"].removesuffix("s"))
    settings = Settings.model_validate({})
    assert grace_s > settings.drain_s + settings.deadline_s
    assert {image: STAGES[image].last("STOPSIGNAL") for image in IMAGES} == {
        "indexer": "SIGINT",
        "service": "SIGTERM",
    }
