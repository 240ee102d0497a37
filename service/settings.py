"""Every option of the service, and the only code that reads the environment.

An option is read from its `CITEDESK_` variable; what the command line gives comes first. A
variable with that prefix that names no option is refused, so that a typing error is not silent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.origins import Origin
from service.rates import RateText
from service.request_texts import QUESTION_MAX_CHARS
from service.schemas import HITS_MAX

PREFIX = "CITEDESK_"

Seconds = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]
SECRET_MIN_CHARS = 32


def _split(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


class SettingsError(Exception):
    """An option is unknown or out of its bounds; the message names it and the way out."""


class Settings(BaseSettings):
    """The service's options; each has its bounds and one line of help."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    index_dir: Path = Field(Path("index"), description="Folder that the indexer publishes to.")
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    threads: int = Field(1, ge=1, le=256, description="Threads of the embedding model for one question.")
    concurrency: int = Field(2, ge=1, le=256, description="Questions that are worked on at the same time.")
    queue_max: int = Field(32, ge=0, le=10_000, description="Questions that may wait; one more gets 503.")
    deadline_s: Seconds = Field(10.0, description="Seconds from arrival to 504, waiting included.")
    body_max_bytes: int = Field(
        1_048_576, ge=1_024, le=67_108_864, description="Largest request body; a larger one gets 413."
    )
    body_read_s: Seconds = Field(10.0, description="Seconds a client has to send its body before 408.")
    header_read_s: Seconds = Field(
        10.0, description="Seconds a client has to send its headers before it is cut off."
    )
    drain_s: float = Field(
        1.0, ge=0, le=600, allow_inf_nan=False,
        description="Seconds between not being ready any more and taking no connections, on SIGTERM.",
    )  # fmt: skip
    poll_s: Seconds = Field(2.0, description="Seconds between two looks for a new generation.")
    question_max_chars: int = Field(
        QUESTION_MAX_CHARS, ge=1, le=QUESTION_MAX_CHARS, description="Longest question in characters."
    )
    top_k: int = Field(10, ge=1, le=HITS_MAX, description="Hits for a request that doesn't say how many.")
    answer_sentences_max: int = Field(
        7, ge=1, le=8, description="Most sentences in one answer, lead-ins of lists aside."
    )
    refuse_below: float = Field(
        0.267, ge=0, le=1, allow_inf_nan=False, description="Confidence below which an answer is refused."
    )
    fallback: bool = Field(True, description="Whether other locales may answer instead.")
    mcp_hosts: str = Field(
        "", max_length=2_000,
        description="Names besides the host's for /mcp and the widget's frame, commas between; * is any.",
    )  # fmt: skip
    heartbeat_s: float = Field(
        15.0, ge=0.05, le=600, allow_inf_nan=False,
        description="Seconds after which a silent stream sends a comment, so that no proxy closes it.",
    )  # fmt: skip
    responses_kept: int = Field(
        1_000, ge=0, le=100_000,
        description="Answers that `previous_response_id` can go on from; the oldest is forgotten first.",
    )  # fmt: skip
    responses_kept_s: float = Field(
        3_600.0, gt=0, le=86_400, allow_inf_nan=False,
        description="Seconds that such an answer is kept, in memory.",
    )  # fmt: skip
    database_url: str = Field(
        "sqlite:///citedesk.db",
        repr=False,
        description="Where conversations are kept: `sqlite:///FILE`, `postgresql://...`, empty for nowhere.",
    )
    store_questions: bool = Field(
        False, description="Whether users' words are kept too: questions, answers, notes."
    )
    retention_days: int = Field(90, ge=1, le=3_650, description="Days after which a conversation is deleted.")
    handover_url: str = Field(
        "", pattern=r"^(https?://\S+)?$", repr=False,
        description="Webhook that takes hand-overs; empty for none.",
    )  # fmt: skip
    handover_secret: SecretStr = Field(
        SecretStr(""), description="What hand-overs are signed with: `whsec_` and a base64 key."
    )
    handover_s: Seconds = Field(5.0, description="Seconds the webhook has to take a hand-over.")
    chatwoot_url: str = Field(
        "", pattern=r"^(https?://[^\s?#@]+)?$",
        description="Address of the Chatwoot whose agent bot this is; empty for none.",
    )  # fmt: skip
    chatwoot_token: SecretStr = Field(SecretStr(""), description="Access token of Chatwoot's agent bot.")
    chatwoot_secret: SecretStr = Field(SecretStr(""), description="Secret of Chatwoot's agent bot.")
    chatwoot_locale: str = Field(
        "", pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description="Locale of Chatwoot conversations that name no language; empty guesses from the words.",
    )  # fmt: skip
    chatwoot_s: Seconds = Field(5.0, description="Seconds Chatwoot has to take a message, for each try.")
    open: bool | None = Field(
        None,
        description="Whether questions are taken without a key; unset: on loopback, until there is a key.",
    )
    keys_file: Path = Field(Path("keys.json"), description="File of the API keys.")
    token_secret: SecretStr | None = Field(
        None, min_length=SECRET_MIN_CHARS,
        description="Signs the widget's session tokens; unset: the secret in the file of keys.",
    )  # fmt: skip
    token_s: int = Field(900, ge=10, le=86_400, description="Seconds that a session of the widget lasts.")
    origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="Origins whose pages may call besides those of keys, with blanks between."
    )
    rate: RateText = Field("60/minute", description="Requests of a caller whose key says nothing else.")
    limits_url: str = Field(
        "memory://", pattern=r"^(memory://|rediss?://\S+)$",
        description="Where requests are counted: memory:// or redis://HOST:PORT.",
    )  # fmt: skip
    proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="Addresses or networks of proxies whose X-Forwarded-For is believed."
    )
    chat_url: str | None = Field(
        None, pattern=r"^https?://[!-~]+$", max_length=2_000,
        description="OpenAI-style endpoint that writes answers, ending in /v1; without one they are quotes.",
    )  # fmt: skip
    chat_model: str | None = Field(None, min_length=1, description="The model that it is asked for.")
    chat_key: SecretStr | None = Field(None, description="The endpoint's key, where it wants one.")
    chat_timeout_s: Seconds = Field(6.0, description="Seconds that one call of the endpoint may take.")
    chat_stall_s: Seconds = Field(4.0, description="Seconds that the endpoint may be silent in a call.")
    chat_tokens_max: int = Field(400, ge=16, le=8_192, description="Most tokens that the endpoint may write.")

    @field_validator("open", "token_secret", "chat_url", "chat_model", "chat_key", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        # Compose passes variables on that are set and empty.
        return None if value == "" else value

    @model_validator(mode="after")
    def _chat_is_whole(self) -> Settings:
        if self.chat_url is not None and self.chat_model is None:
            raise ValueError("chat_url needs a model: set CITEDESK_CHAT_MODEL too")
        return self


def read_settings(given: Mapping[str, object]) -> Settings:
    """The options in `given`, then the environment's, then the defaults.

    Names in `given` are field names; a None stands for "not given".

    Raises:
        SettingsError: a variable is unknown, or a value doesn't fit.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    ours = {name for name in os.environ if name.upper().startswith(PREFIX)}
    unknown = sorted(name for name in ours if name.upper() not in known)
    if unknown:
        raise SettingsError(
            f"unknown variable {', '.join(unknown)}: unset it or use one of {', '.join(sorted(known))}"
        )
    try:
        return Settings.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = [_explain(fault["loc"], fault["msg"]) for fault in error.errors()]
        raise SettingsError("; ".join(faults)) from None


def _explain(loc: tuple[int | str, ...], message: str) -> str:
    if not loc:
        return message.removeprefix("Value error, ")
    name = str(loc[0])
    return f"{name} ({PREFIX}{name.upper()}): {message}"
