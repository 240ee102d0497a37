"""How the service answers as it comes: its own writer, confidence, guesser and messages."""

from __future__ import annotations

from service.answering import Rules
from service.asking import WordGuesser
from service.confidence import read_confidence
from service.context_need import read_context_need
from service.messages import read_messages
from service.settings import Settings
from service.stopwatch import Clock
from service.writer_choice import Writers
from service.writers import ExtractiveWriter


def shipped_rules(settings: Settings, *, clock: Clock, writers: Writers | None = None) -> Rules:
    """The rules of a service with these settings; loads the guesser's language model (.6 s).

    Without `writers` the extractive one answers, whatever endpoint the settings name.
    """
    chosen = writers or Writers(ExtractiveWriter(sentences_max=settings.answer_sentences_max))
    return Rules(
        writer=chosen.writer,
        confidence=read_confidence(),
        guess=WordGuesser(),
        messages=read_messages(),
        refuse_below=settings.refuse_below,
        fallback=settings.fallback,
        clock=clock,
        rewriter=chosen.rewriter,
        context_need=read_context_need(),
    )
