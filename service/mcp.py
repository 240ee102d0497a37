"""The articles as tools of the Model Context Protocol: search, ask, read.

Each tool answers twice: as text that a model reads, and as fields of the HTTP routes' schemas. What
a caller can mend is an error of the tool, which the model sees; the rest is the service's own.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field
from starlette.requests import Request

from indexer import Index, IndexMissing, QuestionError, UnknownArticle, UnknownLocale
from service.admission import Checkpoint, DeadlinePassed, Overloaded
from service.answering import answer_question, search_question
from service.articles import ArticleReply, article_reply
from service.gate import key_id_of
from service.mcp_mount import HostRule
from service.mcp_tool import QuietTool
from service.problems import Problem
from service.replies import ask_reply, search_reply
from service.request_texts import AnyText, FilterGlobs, FilterNames, Id, LocaleTag, QuestionText
from service.routes import Desk, read_question
from service.schemas import (
    HITS_MAX,
    TURNS_MAX,
    AskBody,
    AskReply,
    FiltersBody,
    SearchBody,
    SearchReply,
    TurnBody,
)
from service.tool_texts import describe_answer, describe_article, describe_hits

NO_TURNS: Sequence[TurnBody] = ()
ReplyT = TypeVar("ReplyT", bound=BaseModel)
# What a caller can mend, or try again.
EXPECTED = (DeadlinePassed, IndexMissing, Overloaded, QuestionError, UnknownArticle, UnknownLocale)
READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
INSTRUCTIONS = (
    "Help articles in several languages. Prefer `ask`: its sentences are quoted from the articles, each "
    "with a source, and it says when the articles do not state something. Give each answer with its URLs."
)

Locale = Annotated[
    LocaleTag | None,
    Field(description="Locale of the articles, such as de-de; guessed from the words without."),
]
Names = Annotated[FilterNames | None, Field(description="Only articles for one of these.")]
Globs = Annotated[FilterGlobs | None, Field(description="Only these articles: globs over <docset>/<path>.")]
Docsets = Annotated[
    FilterNames | None, Field(description="Only articles whose path begins with one of these.")
]
Turns = Annotated[Sequence[TurnBody], Field(max_length=TURNS_MAX, description="Earlier turns, oldest first.")]
Conversation = Annotated[
    Id | None, Field(description="That of an earlier answer, for a further question; a new one without.")
]
Count = Annotated[int, Field(ge=1, le=HITS_MAX, description="How many passages to give.")]


def build_sessions(desk: Desk, *, hosts: HostRule) -> StreamableHTTPSessionManager:
    """What answers the protocol's requests with the desk's work."""
    tools = [_ask_tool(desk), _search_tool(desk), _read_tool(desk)]
    with _root_logger_kept():
        server: MCPServer[dict[str, object]] = MCPServer(
            "citedesk",
            title="Citedesk",
            instructions=INSTRUCTIONS,
            tools=tools,
            log_level="WARNING",
            subscriptions=False,
        )
    # Nothing is kept between two requests, so that no session can be filled up, lost or taken over.
    server.streamable_http_app(stateless_http=True, transport_security=_security(hosts))
    return server.session_manager


def _security(hosts: HostRule) -> TransportSecuritySettings:
    if hosts.names is None:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    names = [form for name in hosts.names for form in (name, f"{name}:*")]
    origins = [f"{scheme}://{name}" for scheme in ("http", "https") for name in names]
    return TransportSecuritySettings(allowed_hosts=names, allowed_origins=origins)


def _ask_tool(desk: Desk) -> Tool:
    async def ask(
        context: Context[object, Request],
        question: Annotated[QuestionText, Field(description="One question, in any language.")],
        locale: Locale = None,
        roles: Names = None,
        applies_to: Names = None,
        articles: Globs = None,
        docset: Docsets = None,
        top_k: Count = 3,
        history: Turns = NO_TURNS,
        conversation: Conversation = None,
    ) -> Annotated[CallToolResult, AskReply]:
        """Answer a question with sentences quoted from the help articles.

        Each sentence has a number, its source's URL, and the English that it was translated from. An
        answer may be a refusal, with the nearest articles: then the articles do not state it.
        """
        filters = FiltersBody(roles=roles, applies_to=applies_to, articles=articles, docset=docset)
        body = AskBody(
            question=question, locale=locale, filters=filters, top_k=top_k, history=list(history),
            conversation=conversation,
        )  # fmt: skip
        request = context.request_context.request
        client_key = None if request is None else key_id_of(request)

        def work(index: Index, checkpoint: Checkpoint) -> AskReply:
            asked = read_question(desk, body, text=question, accept_language=None)
            answer = answer_question(
                index, asked, rules=desk.rules, checkpoint=checkpoint, left_s=checkpoint.left_s
            )
            reply = ask_reply(answer, answer_id=desk.new_id(), conversation=conversation or desk.new_id())
            desk.conversations.remember(reply, question=question, client_key=client_key)
            return reply

        return await _call(desk, work, describe_answer)

    return _made(ask, title="Ask the help articles")


def _search_tool(desk: Desk) -> Tool:
    async def search_articles(
        query: Annotated[QuestionText, Field(description="Words or a question, in any language.")],
        locale: Locale = None,
        roles: Names = None,
        applies_to: Names = None,
        articles: Globs = None,
        docset: Docsets = None,
        top_k: Count = 5,
        history: Turns = NO_TURNS,
    ) -> Annotated[CallToolResult, SearchReply]:
        """Find the passages of the help articles that are nearest to a query, best first.

        Each has its article's path, which `read_article` takes, and its English where it has one.
        """
        filters = FiltersBody(roles=roles, applies_to=applies_to, articles=articles, docset=docset)
        body = SearchBody(query=query, locale=locale, filters=filters, top_k=top_k, history=list(history))

        def work(index: Index, checkpoint: Checkpoint) -> SearchReply:
            asked = read_question(desk, body, text=query, accept_language=None)
            return search_reply(*search_question(index, asked, guess=desk.rules.guess))

        return await _call(desk, work, describe_hits)

    return _made(search_articles, title="Search the help articles")


def _read_tool(desk: Desk) -> Tool:
    async def read_article(
        article: Annotated[
            AnyText, Field(max_length=1_000, description="Its path, as in a search's `article`.")
        ],
        locale: Annotated[
            LocaleTag | None, Field(description="As in a search's `locale.answered`; English without.")
        ] = None,
        section: Annotated[
            AnyText | None, Field(max_length=1_000, description="Only this section: what follows # in a URL.")
        ] = None,
    ) -> Annotated[CallToolResult, ArticleReply]:
        """Read a whole help article, or one section of it."""

        def work(index: Index, checkpoint: Checkpoint) -> ArticleReply:
            return article_reply(index, article, locale=locale, section=section)

        return await _call(desk, work, describe_article)

    return _made(read_article, title="Read a help article")


def _made(work: Callable[..., Awaitable[CallToolResult]], *, title: str) -> Tool:
    tool = QuietTool.from_function(work, title=title, description=inspect.getdoc(work), annotations=READ_ONLY)
    # The SDK lets unknown arguments through; a filter with a slip in its name would filter nothing.
    arguments = tool.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    tool.parameters = arguments.model_json_schema(by_alias=True)
    return tool


async def _call(
    desk: Desk, work: Callable[[Index, Checkpoint], ReplyT], describe: Callable[[ReplyT], str]
) -> CallToolResult:
    """The result of a tool's work; a caller that leaves cancels it.

    Raises:
        ToolError: saying what the caller can do.
    """
    try:
        index = desk.indexes.current()
        reply = await desk.admission.run(lambda checkpoint: work(index, checkpoint), gone=_never)
    except Problem as error:
        raise ToolError(str(error.detail)) from None
    except EXPECTED as error:
        raise ToolError(str(error)) from None
    text = TextContent(type="text", text=describe(reply))
    return CallToolResult(content=[text], structured_content=reply.model_dump(mode="json"))


async def _never() -> None:
    await asyncio.Event().wait()


@contextmanager
def _root_logger_kept() -> Iterator[None]:
    # The SDK gives the root logger a handler and a level; what this process logs is its operator's matter.
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
