"""Settings: defaults, bounds, the environment's names."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    "answer_sentences_max": 4,
    "refuse_below": 0.585,
    "fallback": True,
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
        ("answer_sentences_max", "5"),
        ("refuse_below", "1.01"),
        ("fallback", "perhaps"),
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
