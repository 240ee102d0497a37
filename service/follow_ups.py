"""A follow-up and the turns before it become one question, written by a language model and checked.

What the model writes is taken only where it is one line in the question's language that says nothing
new and loses nothing: its numbers, codes and names stand in the conversation, those of the last
question stand in it. Otherwise the search mixes the turns itself, as it does without a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from indexer import Turn
from service.assignment import Patience
from service.chat_client import ChatFault, ChatRequest
from service.chat_endpoint import ChatEndpoint
from service.chat_prompt import restore_brackets, rewrite_messages, strip_hidden
from service.facts import read_facts, read_stated
from service.language_words import Languages, LanguageWords
from service.wording import capitalised_names, content_terms, holds_names, matched

REWRITE_TOKENS_MAX = 120
REWRITE_MAX_CHARS = 400
# What of the request's time may go into understanding the question; the answer needs the rest.
SHARE_OF_TIME = 1 / 3
# Shares of terms: of the new question in the conversation, of the last question in the new one.
KNOWN_MIN, KEPT_MIN = 0.7, 0.5


class FollowUpRewriter:
    """Rewrites follow-ups through a chat endpoint."""

    def __init__(self, endpoint: ChatEndpoint, *, languages: Languages, timeout_s: float) -> None:
        """Call `endpoint`, which the caller closes, for `timeout_s` at most."""
        self._endpoint = endpoint
        self._languages = languages
        self._timeout_s = timeout_s

    def rewrite(
        self, question: str, history: Sequence[Turn], *, locale: str, patience: Patience
    ) -> str | None:
        """The question to search for in place of `question` after `history`; None where none is fit.

        Raises: what the checkpoint raises.
        """
        within_s = min(self._timeout_s, SHARE_OF_TIME * patience.left_s())
        request = ChatRequest(tuple(rewrite_messages(question, history)), REWRITE_TOKENS_MAX)
        text = ""
        try:
            call = self._endpoint.stream(request, within_s=within_s, checkpoint=patience.checkpoint)
            with closing(call) as pieces:
                for piece in pieces:
                    text += piece
                    if len(text) > REWRITE_MAX_CHARS:
                        return None
        except ChatFault:
            return None
        written = " ".join(restore_brackets(strip_hidden(text)).strip("\"'“”„«» \n").split(" "))
        words = self._languages.of(self._languages.reader_locale(question, locale))
        if "\n" in written or not self._languages.speaks(written, words.language):
            return None
        turns = [turn.content for turn in history]
        return written if is_faithful(written, question=question, turns=turns, words=words) else None


def is_faithful(written: str, *, question: str, turns: Sequence[str], words: LanguageWords) -> bool:
    """Whether the new question asks what the last one asks in this conversation, as far as words tell."""
    conversation = "\n".join([*turns, question])
    known = content_terms(conversation, words)
    terms, asked = content_terms(written, words), content_terms(question, words)
    if not terms or len(matched(terms, known)) < KNOWN_MIN * len(terms):
        return False
    if len(matched(asked, terms)) < KEPT_MIN * len(asked):
        return False
    stated = read_stated([conversation], [words])
    if stated.lacks(read_facts(written, words)):
        return False
    if read_stated([written], [words]).lacks(read_facts(question, words)):
        return False
    if not holds_names(capitalised_names(written, words), terms=known, text=stated.text):
        return False
    return words.denies(written) == words.denies(question)
