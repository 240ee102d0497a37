"""Settings: defaults, bounds, the environment's names."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from service.settings import PREFIX, Settings, SettingsError, read_settings

DEFAULTS = {
    "index_dir": Path("index"),
    "host": "127.0.0.1",
    "port": 8000,
    "threads": 1,
    "concurrency": 2,
    "queue_max": 32,
    "deadline_s": 10.0,
    "body_max_bytes": 1_048_576,
    "body_read_s": 10.0,
    "header_read_s": 10.0,
    "drain_s": 1.0,
    "poll_s": 2.0,
    "question_max_chars": 2_000,
    "top_k": 10,
    "answer_sentences_max": 7,
    "refuse_below": 0.267,
    "fallback": True,
    "mcp_hosts": "",
    "heartbeat_s": 15.0,
    "responses_kept": 1_000,
    "responses_kept_s": 3_600.0,
    "database_url": "sqlite:///citedesk.db",
    "store_questions": False,
    "retention_days": 90,
    "handover_url": "",
    "handover_secret": SecretStr(""),
    "handover_s": 5.0,
    "chatwoot_url": "",
    "chatwoot_token": SecretStr(""),
    "chatwoot_secret": SecretStr(""),
    "chatwoot_locale": "",
    "chatwoot_s": 5.0,
    "open": None,
    "keys_file": Path("keys.json"),
    "token_secret": None,
    "token_s": 900,
    "origins": (),
    "rate": "60/minute",
    "limits_url": "memory://",
    "proxies": (),
    "chat_url": None,
    "chat_model": None,
    "chat_key": None,
    "chat_timeout_s": 6.0,
    "chat_stall_s": 4.0,
    "chat_tokens_max": 400,
}


def test_every_default_is_what_is_promised() -> None:
    assert read_settings({}).model_dump() == DEFAULTS


def test_every_setting_has_a_line_of_help() -> None:
    helps = {name: field.description for name, field in Settings.model_fields.items()}
    assert [name for name, help_line in helps.items() if not help_line or "\n" in help_line] == []


def test_a_variable_of_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEDESK_PORT", "8123")
    monkeypatch.setenv("CITEDESK_FALLBACK", "false")
    settings = read_settings({})
    assert (settings.port, settings.fallback) == (8123, False)


def test_lists_are_read_with_blanks_or_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEDESK_ORIGINS", "https://Help.example:443, http://localhost:3000")
    monkeypatch.setenv("CITEDESK_PROXIES", "10.0.0.0/8 ::1")
    settings = read_settings({})
    assert settings.origins == ("https://help.example", "http://localhost:3000")
    assert [str(network) for network in settings.proxies] == ["10.0.0.0/8", "::1/128"]


def test_a_secret_is_not_shown_where_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEDESK_TOKEN_SECRET", "s3cret" * 6)
    assert "s3cret" not in repr(read_settings({}))
    monkeypatch.setenv("CITEDESK_TOKEN_SECRET", "s3cret")
    with pytest.raises(SettingsError) as refusal:
        read_settings({})
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("name", ["open", "token_secret", "chat_url", "chat_model", "chat_key"])
def test_a_variable_that_is_set_and_empty_is_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"{PREFIX}{name.upper()}", "")
    assert read_settings({}).model_dump() == DEFAULTS


def test_an_empty_database_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEDESK_DATABASE_URL", "")
    assert read_settings({}).database_url == ""


def test_an_option_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEDESK_PORT", "8123")
    assert read_settings({"port": 9000, "host": None}).port == 9000


def test_an_unknown_variable_is_refused_by_name_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEDESK_PROT", "8123")
    with pytest.raises(SettingsError) as refusal:
        read_settings({})
    assert str(refusal.value).startswith("unknown variable CITEDESK_PROT: unset it or use one of ")
    for name in DEFAULTS:
        assert f"{PREFIX}{name.upper()}" in str(refusal.value)


def test_a_variable_of_another_program_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITE_DESK", "1")
    assert read_settings({}).port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "65536"),
        ("port", "eight"),
        ("host", ""),
        ("concurrency", "0"),
        ("queue_max", "-1"),
        ("deadline_s", "0"),
        ("deadline_s", "nan"),
        ("deadline_s", "601"),
        ("body_max_bytes", "1023"),
        ("drain_s", "-0.1"),
        ("question_max_chars", "2001"),
        ("top_k", "51"),
        ("answer_sentences_max", "0"),
        ("answer_sentences_max", "9"),
        ("refuse_below", "1.01"),
        ("fallback", "perhaps"),
        ("heartbeat_s", "0"),
        ("responses_kept", "-1"),
        ("responses_kept_s", "0"),
        ("store_questions", "perhaps"),
        ("retention_days", "0"),
        ("retention_days", "3651"),
        ("handover_url", "ftp://desk.example"),
        ("handover_url", "https://desk.example/a b"),
        ("handover_s", "0"),
        ("chatwoot_url", "desk.example"),
        ("chatwoot_url", "https://kim:secret@desk.example"),
        ("chatwoot_url", "https://desk.example/?a=b"),
        ("chatwoot_locale", "de, en"),
        ("chatwoot_s", "0"),
        ("open", "perhaps"),
        ("token_secret", "x" * 31),
        ("token_s", "9"),
        ("origins", "https://help.example/page"),
        ("rate", "60 per minute"),
        ("limits_url", "redis://"),
        ("limits_url", "memcached://localhost"),
        ("proxies", "10.0.0.0/33"),
        ("chat_url", "ftp://127.0.0.1"),
        ("chat_url", "127.0.0.1:8080"),
        ("chat_timeout_s", "0"),
        ("chat_tokens_max", "15"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_its_names(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name.upper()}", value)
    with pytest.raises(SettingsError, match=rf"{name} \({PREFIX}{name.upper()}"):
        read_settings({})


def test_no_secret_is_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEDESK_DATABASE_URL", "postgresql://kim:canary7319@host/help")
    monkeypatch.setenv("CITEDESK_HANDOVER_SECRET", "whsec_canary7319")
    monkeypatch.setenv("CITEDESK_CHATWOOT_TOKEN", "canary7319")
    monkeypatch.setenv("CITEDESK_CHATWOOT_SECRET", "canary7319")
    settings = read_settings({})
    assert "canary7319" in settings.database_url
    assert "canary7319" not in repr(settings) + str(settings)
