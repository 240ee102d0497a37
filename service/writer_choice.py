"""Which writer answers: the extractive one, or a chat endpoint's with that one behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from service.assignment import Rewriter
from service.chat_client import ChatClient
from service.chat_endpoint import ChatEndpoint
from service.chat_writer import ChatLimits, ChatWriter
from service.follow_ups import FollowUpRewriter
from service.language_words import read_languages
from service.settings import Settings, SettingsError
from service.writers import AnswerWriter, ExtractiveWriter


@dataclass(frozen=True, slots=True)
class Writers:
    """Who writes answers and, with a chat endpoint, rewrites follow-ups; `close` ends their calls."""

    writer: AnswerWriter
    rewriter: Rewriter | None = None
    close: Callable[[], None] = lambda: None


def check_chat(settings: Settings) -> None:
    """Refuse a chat endpoint that can't be called.

    Raises:
        SettingsError: naming what is missing and the way out.
    """
    if settings.chat_url is not None and find_spec("openai") is None:
        raise SettingsError("chat_url (CITEDESK_CHAT_URL) needs the package openai: install citedesk[chat]")


def choose_writers(settings: Settings, *, on_event: Callable[[str], None]) -> Writers:
    """The writers of `settings`; `on_event` hears when the endpoint is left alone and answers again."""
    extractive = ExtractiveWriter(sentences_max=settings.answer_sentences_max)
    if settings.chat_url is None or settings.chat_model is None:
        return Writers(extractive)
    key = "" if settings.chat_key is None else settings.chat_key.get_secret_value()
    client = ChatClient(url=settings.chat_url, model=settings.chat_model, key=key)
    endpoint = ChatEndpoint(client, stall_s=settings.chat_stall_s, on_event=on_event)
    languages = read_languages()
    limits = ChatLimits(
        sentences_max=settings.answer_sentences_max,
        tokens_max=settings.chat_tokens_max,
        timeout_s=settings.chat_timeout_s,
    )
    return Writers(
        ChatWriter(endpoint, instead=extractive, languages=languages, limits=limits),
        FollowUpRewriter(endpoint, languages=languages, timeout_s=settings.chat_timeout_s),
        endpoint.close,
    )
