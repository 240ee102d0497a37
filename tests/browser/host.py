"""A website of another origin that embeds the widget, as strict as a helpdesk's may be.

It serves pages and one style sheet, no script: all that runs comes from the service. It also takes
the hand-overs of the service's webhook.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.local_server import LocalServer

STYLE = """
body { margin: 0; font: 16px sans-serif; color-scheme: light dark; background: Canvas; color: CanvasText }
main { padding: 8px }
iframe { border: 0; width: 100%; height: 600px }
"""


def policy_for(service: str) -> str:
    """The least that the widget asks of a host page."""
    return (
        "default-src 'none'; style-src 'self'; "
        f"script-src {service}; connect-src {service}; frame-src {service}"
    )


class Host:
    """The website at `http://localhost:PORT`; the service is at 127.0.0.1."""

    def __init__(self, port: int) -> None:
        """Listen on this port; 0 takes a free one."""
        self.handovers: list[Any] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                if parts.path == "/host.css":
                    self._reply(STYLE, "text/css")
                elif parts.path == "/element":
                    service = query.pop("service")
                    self._reply(_element_page(service, query), "text/html", policy=policy_for(service))
                elif parts.path == "/frame":
                    service = query.pop("service")
                    self._reply(
                        _frame_page(service, {**query, "origin": query.get("origin", host.origin)}),
                        "text/html",
                        policy=policy_for(service),
                    )
                else:
                    self._reply("", "text/plain", status=404)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                host.handovers.append(json.loads(body))
                self._reply("", "text/plain")

            def _reply(self, text: str, media: str, *, status: int = 200, policy: str = "") -> None:
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", f"{media}; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = LocalServer(Handler, port)
        self.port = self.server.server_port

    @property
    def origin(self) -> str:
        """What a browser names as origin of its pages."""
        return f"http://localhost:{self.port}"

    def element(self, service: str, **attributes: str) -> str:
        """The address of a page with the script tag and the element."""
        return f"{self.origin}/element?{urlencode({'service': service, **attributes})}"

    def frame(self, service: str, **parameters: str) -> str:
        """The address of a page with the iframe."""
        return f"{self.origin}/frame?{urlencode({'service': service, **parameters})}"


@contextmanager
def hosting(port: int = 0) -> Iterator[Host]:
    """The website, until the end of the block."""
    host = Host(port)
    with host.server:
        yield host


def _element_page(service: str, attributes: Mapping[str, str]) -> str:
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return _page(
        f"<citedesk-chat {written}></citedesk-chat>",
        f'<script type="module" src="{escape(service)}/widget/citedesk-chat.js"></script>',
    )


def _frame_page(service: str, parameters: Mapping[str, str]) -> str:
    address = escape(f"{service}/widget/frame?{urlencode(parameters)}")
    return _page(f'<iframe title="Help" src="{address}" allow="clipboard-write"></iframe>')


def _page(body: str, head: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tickets</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/host.css">{head}</head><body><main><h1>Tickets</h1>'
        f"<p><button>Before</button></p>{body}<p><button>After</button></p></main></body></html>"
    )
