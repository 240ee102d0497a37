"""Where requests come from: this machine, or the address that a visitor is counted by."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")
# A provider gives a household a /64 or more: each of its addresses is the same visitor.
_IPV6_PREFIX = 64

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a service that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(headers: Headers) -> bool:
    """Whether a request to a loopback address is this machine's own.

    One that a proxy passed on is not. Nor is one for a foreign host name: a page elsewhere may
    point a name of its own at this machine, and its requests carry that name.
    """
    if any(name in headers for name in _PROXY_HEADERS):
        return False
    try:
        return is_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or "")
    except ValueError:
        return False


def visitor_address(headers: Headers, peer: str | None, *, proxies: Sequence[Network]) -> str:
    """The nearest address that is no trusted proxy's: IPv4 whole, IPv6 by its /64.

    What a header holds is believed only as far as trusted proxies wrote it; "unknown" where the
    server knows no address.
    """
    # Each proxy writes the address that it was called from at the end.
    forwarded = ",".join(headers.getlist("x-forwarded-for")).split(",") if proxies else []
    nearest = "unknown"
    for text in reversed([*forwarded, peer or ""]):
        address = _read_address(text)
        if address is None:
            break
        nearest = _visitor(address)
        if not any(address in network for network in proxies):
            break
    return nearest


def _read_address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _visitor(address: Address) -> str:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
