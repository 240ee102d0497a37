"""The process around the application: the port, the server (granian), and a graceful stop.

On SIGTERM readiness turns 503 at once; `drain_s` later the server takes no more connections,
finishes the requests in flight and ends with exit code 0.
"""

from __future__ import annotations

import errno
import math
import multiprocessing
import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from starlette.types import ASGIApp

from service.settings import Settings

# What a request that got in just before the stop may need beyond its deadline.
STOP_MARGIN_S = 5


class PortError(Exception):
    """The address can't be listened on; the message names it and the way out."""


def resolve_host(host: str) -> str:
    """The IP address of a host's name, IPv4 where it has one; an address is its own.

    Raises:
        PortError: the name has no address.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        # UnicodeError: a part of the name is empty, or longer than names are.
        why = error.strerror if isinstance(error, OSError) else "this is no name of a host"
        raise PortError(f"can't listen on {host}: {why}; give another one with --host") from None
    families = [family for family, *_ in found]
    first = families.index(socket.AF_INET) if socket.AF_INET in families else 0
    return str(found[first][4][0])


def take_port(host: str, port: int) -> int:
    """The port to listen on: `port` itself where it is free, any free one for 0.

    The server shares its port with others of its kind without a word, so that the look must come
    first; between it and the server another process may still take the port.

    Raises:
        PortError: in use, not allowed, or no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                way_out = "stop what listens there, or take another one with --port"
            else:
                way_out = f"{error.strerror or error}; take another one with --host and --port"
            raise PortError(f"can't listen on {host}:{port}: {way_out}") from None
        taken: int = probe.getsockname()[1]
        return taken


def serve(
    load: Callable[[Callable[[], bool]], ASGIApp], *, settings: Settings, address: str, port: int
) -> None:
    """Serve what `load` makes at an IP address, until SIGTERM or SIGINT.

    `load` is called in the server's worker process and is given the question whether the service
    is stopping.

    Raises:
        SystemExit: with code 1 where the worker failed.
    """
    stopping = multiprocessing.Event()
    server = Granian(
        "service",
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        websockets=False,
        # HTTP/2 without TLS would escape the limit on slow headers.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=math.ceil(1000 * settings.header_read_s)),
        log_level=LogLevels.warning,
        # The address of the page at /ask holds what was asked.
        log_access=False,
        workers_kill_timeout=math.ceil(settings.deadline_s) + STOP_MARGIN_S,
    )

    def drain(signum: int, frame: FrameType | None) -> None:
        stopping.set()
        timer = threading.Timer(settings.drain_s, server.signal_handler_interrupt)
        timer.daemon = True
        timer.start()

    # The server sets its own handlers first and then calls this.
    server.on_startup(lambda: signal.signal(signal.SIGTERM, drain))
    server.serve(target_loader=partial(load, stopping.is_set), wrap_loader=False)
