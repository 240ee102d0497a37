"""What a request says of its sender: a key or a token, and the page that it comes from."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from service.keys import Key
from service.problems import INVALID_KEY, Problem

_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +(\S+)", re.ASCII)


def read_credentials(headers: Headers) -> Sequence[str]:
    """The one key or token that was sent, or none; schemes other than Bearer belong to others.

    Raises:
        Problem: two different ones were sent.
    """
    bearers = [_BEARER.fullmatch(value.strip()) for value in headers.getlist("authorization")]
    sent = {found[1] for found in bearers if found}
    sent |= {value.strip() for value in headers.getlist("x-api-key") if value.strip()}
    if len(sent) > 1:
        raise Problem(INVALID_KEY, "two different keys were sent; send one")
    return tuple(sent)


def is_page_of(
    key: Key, origins: Sequence[str], headers: Headers, *, own_names: Sequence[str] | None
) -> bool:
    """Whether the one origin is the key's, or the service's own: that of the widget's iframe.

    Only pages of the key's origins can show that iframe (its policy), so it stands for them.
    `own_names` are what the service is called by, without ports; None is by any name.
    """
    if len(origins) != 1:
        return False
    host = headers.get("host", "").lower()
    own = origins[0] in (f"http://{host}", f"https://{host}") and _is_own(host, own_names)
    return own or origins[0] in key.origins


def _is_own(host: str, names: Sequence[str] | None) -> bool:
    """Whether a host is the service's: a page elsewhere may point a name of its own at it, no address."""
    name = re.sub(r":\d*$", "", host)
    if names is None or name in names:
        return name != ""
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def comes_from(origin: str, headers: Headers) -> bool:
    """Whether a page of this origin sent the request."""
    sent = headers.getlist("origin")
    if sent:
        return sent == [origin]
    # A browser names no origin where a page reads from its own.
    same = headers.get("sec-fetch-site") == "same-origin"
    return same and headers.get("host", "").lower() == urlsplit(origin).netloc
