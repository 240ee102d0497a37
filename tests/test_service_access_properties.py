"""Whatever stands in the headers that access reads: never a fault, and never more than is allowed."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from service.access import Access, Caller
from service.addresses import visitor_address
from service.keys import EVERYDAY_SCOPES, Scope
from service.problems import Problem
from tests import access as rules
from tests.access import PAGE, KeysInMemory, make_access
from tests.service_app import Client, build_app

KEYS = KeysInMemory()
SECRET_KEY, _ = KEYS.add(scopes=[Scope.SEARCH])
PUBLIC_KEY, _ = KEYS.add(origins=[PAGE])
CLOSED = make_access(KEYS, rules.CLOSED)
OPEN = make_access(KEYS, rules.OPEN)
CLIENTS = [Client(build_app(access=access)) for access in (CLOSED, OPEN, make_access())]
TOKEN = (
    Client(build_app(access=CLOSED))
    .request("POST", "/v1/widget/session", headers={"X-API-Key": PUBLIC_KEY, "Origin": PAGE})
    .json()["token"]
)

junk = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
credentials = st.sampled_from([SECRET_KEY, PUBLIC_KEY, TOKEN])
pieces = credentials | st.builds(lambda text, end: text[:end], credentials, st.integers(0, 120)) | junk
values = (
    junk
    | pieces
    | st.builds("{} {}".format, st.sampled_from(["Bearer", "bearer", "Basic", "Bearer Bearer", ""]), pieces)
)
NAMES = [
    "Authorization", "X-API-Key", "Origin", "Host", "X-Forwarded-For", "Forwarded", "Sec-Fetch-Site",
    "Access-Control-Request-Method", "Access-Control-Request-Headers",
]  # fmt: skip
hosts = st.sampled_from(["localhost", "[::1", "[v1.x]", "127.0.0.1:99999", "a@b", "xn--", "%00", "::"])
pairs = st.tuples(st.sampled_from(NAMES), values | hosts | st.sampled_from([PAGE, "null", "same-origin"]))
requests = st.lists(pairs, max_size=6)


def encode(header_pairs: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in header_pairs]


def sent_whole(header_pairs: list[tuple[str, str]], text: str) -> bool:
    return any(text in value for _, value in header_pairs)


def identify(access: Access, header_pairs: list[tuple[str, str]]) -> Caller | None:
    try:
        return access.identify(Headers(raw=encode(header_pairs)), "127.0.0.1")
    except Problem as problem:
        if problem.status_code not in (401, 403):
            raise
        return None


@settings(max_examples=300, deadline=None)
@given(requests)
def test_nobody_is_let_in_without_a_whole_credential(header_pairs: list[tuple[str, str]]) -> None:
    caller = identify(CLOSED, header_pairs)
    if caller is None:
        return
    if caller.scopes == {Scope.SEARCH}:
        assert sent_whole(header_pairs, SECRET_KEY)
    elif caller.scopes == {Scope.SESSION}:
        assert sent_whole(header_pairs, PUBLIC_KEY)
        assert ("Origin", PAGE) in header_pairs
    else:
        assert caller.scopes == set(EVERYDAY_SCOPES)
        assert sent_whole(header_pairs, TOKEN)


@settings(max_examples=300, deadline=None)
@given(requests)
def test_nobody_is_an_admin_of_an_open_service_without_a_key(header_pairs: list[tuple[str, str]]) -> None:
    caller = identify(OPEN, header_pairs)
    assert caller is None or Scope.ADMIN not in caller.scopes


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(CLIENTS),
    st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "BREW"]),
    st.sampled_from(["/v1/locales", "/v1/widget/session", "/metrics", "/", "/v1/ask", "/nothing"]),
    requests,
)
def test_no_header_makes_a_fault(
    client: Client, method: str, path: str, header_pairs: list[tuple[str, str]]
) -> None:
    response = client.request(method, path, headers=encode(header_pairs))
    assert response.status_code < 500
    for text in (SECRET_KEY, PUBLIC_KEY, TOKEN):
        assert text not in response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
    assert response.headers.get("access-control-allow-origin") in (None, PAGE)


@given(st.lists(junk | st.ip_addresses().map(str), max_size=4), junk | st.ip_addresses().map(str) | st.none())
def test_any_chain_of_addresses_gives_a_name_to_count_by(chain: list[str], peer: str | None) -> None:
    headers = Headers(raw=[(b"x-forwarded-for", ",".join(chain).encode("latin-1"))])
    assert visitor_address(headers, peer, proxies=())
