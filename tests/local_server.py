"""A server of a test's own on loopback, in a thread."""

from __future__ import annotations

import threading
from http.server import ThreadingHTTPServer
from socketserver import BaseRequestHandler
from typing import Self


class LocalServer(ThreadingHTTPServer):
    """Listens at 127.0.0.1 once it is made, at a free port for 0; answers while a `with` block lasts."""

    def __init__(self, handler: type[BaseRequestHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
