"""An agent bot of Chatwoot: answers a contact's message, or calls a person.

1. The message is asked as any question is, in the first language of its conversation that has articles,
   else in the default locale of the settings, else in the one that its words suggest. What was said
   before in the conversation counts, where words may be kept.
2. An answer is said with its sources.
3. Where the articles don't answer, the conversation is opened, and a note for the people of the desk
   names the nearest articles; then the contact is told. Where it can't be opened, nothing is promised.
4. The same where no answer can be had in time, and where an answer did not arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from indexer import IndexMissing, QuestionError, UnknownLocale, nearest_locale
from service.admission import RETRY_AFTER_S, Checkpoint, DeadlinePassed, Overloaded
from service.answering import Question, answer_question
from service.chatwoot_client import ChatwootClient, ChatwootFailed, Place
from service.chatwoot_texts import ChatwootTexts
from service.chatwoot_webhook import IncomingMessage
from service.replies import ask_reply
from service.routes import Desk
from service.schemas import AskReply
from service.turn_memory import TurnMemory, conversation_after

# Stands for the key that its conversations are held under; no key has this id.
HOLDER = "chatwoot"
# Of the service's places for questions, so that those who wait for an answer keep the others.
ASKED_AT_ONCE = 4
# A message may wait longer than a client of the API, but not for ever.
ASK_TRIES = 3
# Why there is no answer, where the articles weren't asked or didn't come to an end.
UNANSWERED = (IndexMissing, QuestionError, UnknownLocale, Overloaded, DeadlinePassed)


@dataclass(frozen=True, slots=True)
class ChatwootBot:
    """What the bot works with.

    `memory` is None where nothing may be remembered, `locale` "" where there is no default one.
    """

    desk: Desk
    client: ChatwootClient
    texts: ChatwootTexts
    memory: TurnMemory | None
    locale: str
    on_event: Callable[[str], None]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _asking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ASKED_AT_ONCE))

    async def answer(self, message: IncomingMessage) -> bool:
        """Answer the message; true where a person was called."""
        question = self._question(message)
        try:
            reply = await self._ask(question, _name(message.place))
        except UNANSWERED as error:
            self.on_event(f"chatwoot: no answer for {_name(message.place)}: {type(error).__name__}")
            sentence = self.texts.sentence("failed", self._likely_locale(message))
            return await self._hand_over(message.place, note=None, told=sentence)
        locale = reply.locale.answered
        if reply.abstain_reason is not None:
            sentence = self.texts.sentence("handed_over", locale)
            return await self._hand_over(message.place, note=self.texts.note(reply), told=sentence)
        try:
            await self.client.say(message.place, self.texts.answer(reply))
        except ChatwootFailed as error:
            self._tell_undelivered(message.place, error)
            note = self.texts.sentence("undelivered", locale)
            return await self._hand_over(message.place, note=note, told=None)
        self._keep(message.place, question, reply)
        return False

    def _question(self, message: IncomingMessage) -> Question:
        name = _name(message.place)
        before = None if self.memory is None else self.memory.find(name, client_key=HOLDER)
        languages = [*message.languages, *([self.locale] if self.locale else [])]
        return Question(
            text=message.text,
            k=self.desk.top_k,
            accept_language=", ".join(languages),
            history=() if before is None else before.turns,
        )

    async def _ask(self, question: Question, conversation: str) -> AskReply:
        if len(question.text) > self.desk.question_max_chars:
            raise QuestionError(f"longer than {self.desk.question_max_chars} characters")
        for _ in range(ASK_TRIES - 1):
            try:
                return await self._ask_once(question, conversation)
            except Overloaded:
                await self.sleep(RETRY_AFTER_S)
        return await self._ask_once(question, conversation)

    async def _ask_once(self, question: Question, conversation: str) -> AskReply:
        desk = self.desk
        index = desk.indexes.current()

        def work(checkpoint: Checkpoint) -> AskReply:
            answer = answer_question(
                index, question, rules=desk.rules, checkpoint=checkpoint, left_s=checkpoint.left_s
            )
            return ask_reply(answer, answer_id=desk.new_id(), conversation=conversation)

        async with self._asking:
            reply = await desk.admission.run(work, gone=_never)
        desk.conversations.remember(reply, question=question.text, client_key=HOLDER)
        return reply

    async def _hand_over(self, place: Place, *, note: str | None, told: str | None) -> bool:
        """Call a person, leave them the note, and tell the contact; false where nobody could be called."""
        try:
            await self.client.call_person(place)
        except ChatwootFailed as error:
            self._tell_undelivered(place, error)
            return False
        for text, private in ((note, True), (told, False)):
            if text is not None:
                try:
                    await self.client.say(place, text, private=private)
                except ChatwootFailed as error:
                    self._tell_undelivered(place, error)
        return True

    def _keep(self, place: Place, question: Question, reply: AskReply) -> None:
        if self.memory is not None:
            name = _name(place)
            earlier = self.memory.find(name, client_key=HOLDER)
            said = conversation_after(
                question, reply, earlier=earlier, client_key=HOLDER, words=self.memory.words
            )
            self.memory.keep(name, said)

    def _likely_locale(self, message: IncomingMessage) -> str:
        """The first language that has sentences; nothing was searched that could know better."""
        for language in (*message.languages, self.locale):
            near = nearest_locale(language.lower(), self.texts.locales) if language else None
            if near is not None:
                return near
        return ""

    def _tell_undelivered(self, place: Place, error: ChatwootFailed) -> None:
        self.on_event(f"chatwoot: nothing arrived in {_name(place)}: {error}")


def _name(place: Place) -> str:
    """The conversation's id in this service."""
    return f"chatwoot-{place.account}-{place.conversation}"


async def _never() -> None:
    """A contact may leave; the answer waits in the conversation."""
    await asyncio.Event().wait()
