"""A tool of the protocol that fails without a word of what was asked, in the log and to the caller."""

from __future__ import annotations

import logging
from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import ValidationError

from service.faults import describe_fault
from service.field_errors import read_faults, sum_up

FAULT = "the service failed: see its log"

_log = logging.getLogger("citedesk")


class QuietTool(Tool):
    """The SDK's tool; what it fails with is put into words of our own."""

    async def run(
        self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False
    ) -> Any:
        """The result of a call.

        Raises:
            ToolError: saying what the caller can do.
        """
        try:
            return await super().run(arguments, context, convert_result)
        except UnexpectedToolError as error:
            # The SDK would log the exception's message, and with it the question.
            _log.error("a tool failed\n%s", describe_fault(error))
            raise ToolError(FAULT) from None
        except ToolError as error:
            if not isinstance(error.__cause__, ValidationError):
                raise
            # The SDK would repeat each value, and name an address that only its programmers need.
            raise ToolError(sum_up(read_faults(error.__cause__.errors()))) from None
