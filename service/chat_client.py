"""The official `openai` client, set up so that it does what it is told and nothing else.

It is imported when a client is opened, not before. It goes to the given address only: no proxy of
the environment, no redirect, no second try. It takes so many bytes of a response and no more.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.chat_prompt import Message
from service.citations import WriterFault

if TYPE_CHECKING:
    import httpx2
    from openai import APIStatusError, AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

# A response of a few sentences takes some 100 kB as events of one token each.
RESPONSE_MAX_BYTES = 4_000_000
TOO_MANY_REQUESTS = 429
# How long an endpoint is left alone that wants fewer calls and doesn't say for how long.
RETRY_AFTER_S = 5.0


class ChatFault(Exception):
    """The endpoint did not do its part.

    `failed` is False where it did all that it was allowed to. `rest_s` is how long it wants to be
    left alone.
    """

    def __init__(
        self, fault: WriterFault, cause: str, *, failed: bool = True, rest_s: float | None = None
    ) -> None:
        """`cause` names the failure without any text of question, articles or endpoint."""
        super().__init__(f"{fault}: {cause}")
        self.fault = fault
        self.failed = failed
        self.rest_s = rest_s


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked of the model."""

    messages: tuple[Message, ...]
    tokens_max: int


class ChatClient:
    """Streams chat completions of one model at one address."""

    def __init__(self, *, url: str, model: str, key: str) -> None:
        """Load the client package.

        Raises:
            ModuleNotFoundError: it is not installed.
        """
        import openai

        self._openai = openai
        self._model = model
        self._tokens_name = "max_tokens"
        self._temperature = True
        self._client: AsyncOpenAI = openai.AsyncOpenAI(
            base_url=url,
            # Servers without keys ignore it; the package wants one.
            api_key=key or "none",
            max_retries=0,
            timeout=None,
            http_client=openai.DefaultAsyncHttpxClient(
                trust_env=False,
                follow_redirects=False,
                timeout=None,
                headers={"Accept-Encoding": "identity"},
                event_hooks={"response": [_bound]},
            ),
        )
        # The package takes both from the environment, which only the settings may read.
        self._client.organization = self._client.project = None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[str]:
        """The pieces of the text, as they come.

        Raises:
            ChatFault: with the reason; CUT_SHORT where the text did not come to its end.
        """
        ended: str | None = None
        chunks = 0
        try:
            async with await self._open(request) as events:
                async for chunk in events:
                    chunks += 1
                    for choice in (chunk.choices or [])[:1]:
                        ended = choice.finish_reason or ended
                        text = choice.delta.content or ""
                        if not isinstance(text, str):
                            raise ChatFault(WriterFault.MALFORMED, "content that is no text")
                        # Empty pieces too: a model that thinks first is not silent.
                        yield text
        except ChatFault:
            raise
        except self._openai.APIStatusError as error:
            raise _refusal(error) from None
        except self._openai.APIConnectionError as error:
            fault = WriterFault.CUT_SHORT if chunks else WriterFault.UNAVAILABLE
            raise ChatFault(fault, type(error).__name__) from None
        # Whatever else a broken reply makes of the package is the endpoint's fault.
        except Exception as error:
            raise ChatFault(WriterFault.MALFORMED, type(error).__name__) from None
        if chunks == 0:
            raise ChatFault(WriterFault.MALFORMED, "no event in the reply")
        if ended != "stop":
            # "length": the model used up its tokens; anything else, or nothing: the stream broke off.
            raise ChatFault(WriterFault.CUT_SHORT, "the text did not end", failed=ended != "length")

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def _open(self, request: ChatRequest) -> AsyncStream[ChatCompletionChunk]:
        while True:
            try:
                return await self._create(request)
            except (self._openai.BadRequestError, self._openai.UnprocessableEntityError) as error:
                # Endpoints differ in what they take. Each option is dropped once, so that this ends.
                if not self._drop_option(error.message):
                    raise

    async def _create(self, request: ChatRequest) -> AsyncStream[ChatCompletionChunk]:
        options: dict[str, object] = {self._tokens_name: request.tokens_max}
        if self._temperature:
            options["temperature"] = 0
        return await self._client.chat.completions.create(
            model=self._model,
            messages=[_param(message) for message in request.messages],
            stream=True,
            extra_body=options,
        )

    def _drop_option(self, refusal: str) -> bool:
        """Leave out, from now on, an option that the refusal names; whether it names one."""
        if "max_tokens" in refusal and self._tokens_name == "max_tokens":
            self._tokens_name = "max_completion_tokens"
            return True
        if "temperature" in refusal and self._temperature:
            self._temperature = False
            return True
        return False


def _param(message: Message) -> ChatCompletionMessageParam:
    if message.role == "system":
        return {"role": "system", "content": message.content}
    return {"role": "user", "content": message.content}


def _refusal(error: APIStatusError) -> ChatFault:
    status = error.status_code
    if status != TOO_MANY_REQUESTS:
        return ChatFault(WriterFault.UNAVAILABLE, f"status {status}")
    wanted = error.response.headers.get("retry-after", "")
    rest_s = float(wanted) if wanted.isdecimal() else RETRY_AFTER_S
    return ChatFault(WriterFault.RATE_LIMITED, f"status {status}", rest_s=rest_s)


async def _bound(response: httpx2.Response) -> None:
    """Let the response end with an error after so many bytes."""
    import httpx2

    assert isinstance(response.stream, httpx2.AsyncByteStream)  # what an async client's response has
    stream: httpx2.AsyncByteStream = response.stream

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            taken = 0
            async for part in stream:
                taken += len(part)
                if taken > RESPONSE_MAX_BYTES:
                    raise ChatFault(WriterFault.MALFORMED, f"more than {RESPONSE_MAX_BYTES} bytes")
                yield part

        async def aclose(self) -> None:
            await stream.aclose()

    response.stream = Bounded()
