"""Who gets in: keys, scopes, origins, sessions, rates, and a service that is open or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from ipaddress import ip_network

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request

from service.__main__ import access_rules
from service.access import Access, AccessRules
from service.gate import caller_of
from service.keys import EVERYDAY_SCOPES, GRANTABLE_SCOPES, Scope
from service.rates import Rate
from service.route_scopes import UNLISTED, rule_for
from service.settings import read_settings
from tests.access import CLOSED, NOW, OPEN, PAGE, RULES, KeysInMemory, bearer, make_access
from tests.fakes import Clock
from tests.service_app import Client, build_app
from tests.test_rate_limits import FailingStorage

QUESTION = {"question": "May the vendor write to customers about outages?"}
QUERY = {"query": "outages"}
ONE_A_DAY = Rate(1, 86_400)
OPEN_PATHS = ["/", "/demo/demo.js", "/health/live", "/health/ready", "/openapi.json"]


@pytest.fixture
def keys() -> KeysInMemory:
    return KeysInMemory()


def client_of(access: Access) -> Client:
    return Client(build_app(access=access))


def closed(keys: KeysInMemory, rules: AccessRules = CLOSED) -> Client:
    return client_of(make_access(keys, rules))


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].removeprefix("/problems/")


def test_without_a_key_a_closed_service_answers_nothing_but_what_is_open(keys: KeysInMemory) -> None:
    client = closed(keys)
    for path in OPEN_PATHS:
        assert client.get(path).status_code == 200, path
    for response in (
        client.post("/v1/ask", QUESTION), client.post("/v1/search", QUERY), client.get("/v1/locales"),
        client.get("/v1/passages/x"), client.get("/metrics"), client.get("/v1/nothing"),
        client.post("/v1/widget/session", None), client.post("/mcp", {}),
    ):  # fmt: skip
        assert problem(response) == (401, "missing-key")
        assert response.headers["www-authenticate"] == 'Bearer realm="citedesk"'


def test_a_key_is_taken_as_bearer_token_or_in_its_own_header(keys: KeysInMemory) -> None:
    text, _ = keys.add()
    client = closed(keys)
    for headers in (
        {"Authorization": f"Bearer {text}"}, {"authorization": f"bearer  {text} "}, {"X-API-Key": text},
        {"Authorization": "Basic dXNlcjpwYXNz", "X-API-Key": f" {text} "},
        {"Authorization": f"Bearer {text}", "X-API-Key": text},
    ):  # fmt: skip
        assert client.post("/v1/ask", QUESTION, headers=headers).status_code == 200


def test_two_different_keys_are_refused(keys: KeysInMemory) -> None:
    first, second = keys.add()[0], keys.add()[0]
    response = closed(keys).get("/v1/locales", headers={**bearer(first), "X-API-Key": second})
    assert problem(response) == (401, "invalid-key")
    assert response.json()["detail"] == "two different keys were sent; send one"


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/ask", Scope.ASK),
        ("POST", "/v1/responses", Scope.ASK),
        ("POST", "/v1/chat/completions", Scope.ASK),
        ("POST", "/v1/search", Scope.SEARCH),
        ("GET", "/v1/passages/en-us/partner-help/mail%23stop.0", Scope.SEARCH),
        ("GET", "/v1/locales", Scope.SEARCH),
        ("GET", "/v1/models", Scope.ASK),
        ("POST", "/v1/feedback", Scope.FEEDBACK),
        ("POST", "/v1/handover", Scope.FEEDBACK),
        ("GET", "/metrics", Scope.ADMIN),
        ("GET", "/v1/not/listed", Scope.ADMIN),
    ],
)
def test_each_route_asks_for_its_scope(keys: KeysInMemory, method: str, path: str, scope: Scope) -> None:
    only = bearer(keys.add(scopes=[scope])[0])
    others = bearer(keys.add(scopes=[each for each in GRANTABLE_SCOPES if each is not scope])[0])
    client = closed(keys)
    let_in = client.request(method, path, json=QUESTION, headers=only)
    assert let_in.status_code not in (401, 403)
    refused = client.request(method, path, json=QUESTION, headers=others)
    assert problem(refused) == (403, "missing-scope")
    assert refused.json()["detail"] == f"the key has no scope {scope}"


def test_tools_ask_for_each_scope_that_they_use(keys: KeysInMemory) -> None:
    client = closed(keys)
    # 503: the client in this process doesn't start the application.
    for scopes, status in (((Scope.ASK,), 403), ((Scope.SEARCH,), 403), ((Scope.ASK, Scope.SEARCH), 503)):
        assert client.post("/mcp", {}, headers=bearer(keys.add(scopes=scopes)[0])).status_code == status


def paths_of(router: object) -> set[str]:
    """The addresses of a router, those of the routers that it includes too."""
    paths: set[str] = set()
    for route in getattr(router, "routes", ()):
        included = getattr(route, "original_router", None)
        paths |= {route.path} if included is None else paths_of(included)
    return paths


def test_every_route_of_the_application_is_in_the_table() -> None:
    app: object = build_app()
    while not isinstance(app, FastAPI):
        app = vars(app)["_app"]
    paths = paths_of(app)
    known = {"/v1/ask", "/v1/widget/session", "/metrics", "/demo/{name}", "/openapi.json"}
    assert known | {"/mcp", "/v1/responses", "/v1/models/{model}", "/v1/handover"} <= paths
    assert {path for path in paths if rule_for(path) is UNLISTED} == set()


def test_a_rule_covers_its_address_and_what_is_below_it_but_no_neighbour() -> None:
    assert rule_for("/v1/passages/a/b").label == "/v1/passages/*"
    assert rule_for("/v1/ask").scopes == {Scope.ASK}
    for path in ("/v1/ask/", "/v1/asking", "//v1/ask", "/v1/passagesx", "/widgets", "/V1/ask", ""):
        assert rule_for(path) is UNLISTED, path


def wrong_keys(text: str) -> list[str]:
    kind, key_id, secret = text.split("_", 2)
    return [
        text[:-1], text + "A", f"ck_{'0' * 12}_{secret}", f"pk_{key_id}_{secret}",
        f"{kind}_{key_id}_{secret[::-1]}", "ck_", "sk-1234", key_id, secret,
    ]  # fmt: skip


def test_what_is_no_key_is_refused_and_not_repeated(keys: KeysInMemory) -> None:
    text, _ = keys.add()
    for wrong in wrong_keys(text):
        response = closed(keys).get("/v1/locales", headers=bearer(wrong))
        assert problem(response) == (401, "invalid-key"), wrong
        assert "invalid_token" in response.headers["www-authenticate"]
        assert wrong == "ck_" or wrong not in response.text


def test_a_revoked_key_works_no_more(keys: KeysInMemory) -> None:
    text, key = keys.add()
    client = closed(keys)
    assert client.get("/v1/locales", headers=bearer(text)).status_code == 200
    keys.revoke(key)
    response = client.get("/v1/locales", headers=bearer(text))
    assert problem(response) == (401, "invalid-key")
    assert response.json()["detail"] == "the key was revoked on 2026-03-14"


def test_an_expired_key_works_no_more(keys: KeysInMemory) -> None:
    text, _ = keys.add(expires=date(2026, 3, 14))
    clock = Clock(NOW.timestamp())
    client = client_of(make_access(keys, clock=clock))
    assert client.get("/v1/locales", headers=bearer(text)).status_code == 200
    clock.now += 12 * 3600
    assert problem(client.get("/v1/locales", headers=bearer(text))) == (401, "invalid-key")


def test_on_loopback_without_keys_this_machine_may_do_everything() -> None:
    client = client_of(make_access(rules=replace(RULES, rate=ONE_A_DAY)))
    for _ in range(3):
        assert client.post("/v1/ask", QUESTION).status_code == 200
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
        {"X-Real-IP": "192.0.2.1"},
        {"Host": "rebound.example"},
        {"Host": "localhost.example:8000"},
        {"Host": "[:"},
        {"Host": ""},
    ],
)
def test_a_request_by_a_proxy_or_for_another_name_is_not_of_this_machine(headers: dict[str, str]) -> None:
    client = client_of(make_access(KeysInMemory()))
    assert client.post("/v1/ask", QUESTION, headers=headers).status_code == 200
    assert problem(client.get("/metrics", headers=headers)) == (401, "missing-key")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_this_machine_has_its_usual_names(host: str) -> None:
    assert client_of(make_access(KeysInMemory())).get("/metrics", headers={"Host": host}).status_code == 200


def test_the_first_key_closes_a_service_on_loopback_and_the_last_one_revoked_does_not_open_it(
    keys: KeysInMemory,
) -> None:
    client = client_of(make_access(keys))
    assert client.get("/v1/locales").status_code == 200
    _, key = keys.add()
    assert problem(client.get("/v1/locales")) == (401, "missing-key")
    keys.revoke(key)
    assert problem(client.get("/v1/locales")) == (401, "missing-key")


def test_beyond_loopback_a_service_without_keys_is_closed_unless_it_was_opened(keys: KeysInMemory) -> None:
    assert problem(client_of(make_access(keys, replace(RULES, loopback=False))).get("/v1/locales")) == (
        401,
        "missing-key",
    )
    opened = client_of(make_access(keys, replace(OPEN, loopback=False)))
    assert opened.get("/v1/locales").status_code == 200


def test_an_open_service_still_asks_for_a_key_to_read_its_metrics(keys: KeysInMemory) -> None:
    admin, _ = keys.add(scopes=[Scope.ADMIN])
    for loopback in (True, False):
        client = client_of(make_access(keys, replace(OPEN, loopback=loopback)))
        assert problem(client.get("/metrics")) == (401, "missing-key")
        assert client.get("/metrics", headers=bearer(admin)).status_code == 200


def test_an_open_service_passes_over_keys_that_were_never_its_own_but_not_over_wrong_ones(
    keys: KeysInMemory,
) -> None:
    client = client_of(make_access(keys, OPEN))
    assert client.get("/v1/locales", headers=bearer("sk-none-needed")).status_code == 200
    text, _ = KeysInMemory().add()
    assert problem(client.get("/v1/locales", headers=bearer(text))) == (401, "invalid-key")
    assert problem(client.get("/v1/locales", headers=bearer("st_x.y"))) == (401, "invalid-key")


def test_a_publishable_key_becomes_a_session_of_its_page(keys: KeysInMemory) -> None:
    text, _ = keys.add(origins=[PAGE])
    clock = Clock(NOW.timestamp())
    client = client_of(make_access(keys, CLOSED, clock=clock))
    opened = client.request("POST", "/v1/widget/session", headers=bearer(text, Origin=PAGE))
    assert opened.status_code == 200
    assert opened.headers["cache-control"] == "no-store"
    assert opened.json()["expires_in_s"] == 900
    session = bearer(opened.json()["token"], Origin=PAGE)
    assert client.post("/v1/ask", QUESTION, headers=session).status_code == 200
    clock.now += 899
    assert client.get("/v1/locales", headers=session).status_code == 200
    clock.now += 1
    response = client.get("/v1/locales", headers=session)
    assert problem(response) == (401, "expired-token")
    assert response.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize("origin", [None, "https://evil.example", "https://help.example:444", "null", ""])
def test_a_publishable_key_opens_nothing_for_other_pages(keys: KeysInMemory, origin: str | None) -> None:
    text, _ = keys.add(origins=[PAGE])
    headers = bearer(text) if origin is None else bearer(text, Origin=origin)
    response = closed(keys).request("POST", "/v1/widget/session", headers=headers)
    assert problem(response) == (403, "refused-origin")


def test_a_page_of_the_service_itself_opens_a_session_for_the_iframe(keys: KeysInMemory) -> None:
    text, _ = keys.add(origins=[PAGE])
    client = closed(keys, replace(CLOSED, own_names=("desk.example",)))
    own = {"Origin": "https://desk.example", "Host": "desk.example"}
    opened = client.request("POST", "/v1/widget/session", headers=bearer(text, **own))
    assert opened.status_code == 200
    token = opened.json()["token"]
    assert client.post("/v1/ask", QUESTION, headers=bearer(token, **own)).status_code == 200
    stolen = bearer(token, Origin="https://desk.example", Host="other.example")
    assert problem(client.post("/v1/ask", QUESTION, headers=stolen)) == (403, "refused-origin")


@pytest.mark.parametrize(
    "host",
    ["localhost:8742", "127.0.0.1:8742", "[::1]:8742", "192.0.2.7", "Desk.Example:8742", "any.example"],
)
@pytest.mark.parametrize("names", [("localhost", "desk.example"), ("desk.example",), (), None])
def test_the_services_own_page_is_known_by_its_host_name(
    keys: KeysInMemory, host: str, names: tuple[str, ...] | None
) -> None:
    text, _ = keys.add(origins=[PAGE])
    headers = bearer(text, Origin=f"http://{host.lower()}", Host=host)
    response = closed(keys, replace(CLOSED, own_names=names)).request(
        "POST", "/v1/widget/session", headers=headers
    )
    # A page elsewhere can point a name of its own at the service, but not an address.
    known = names is None or host[0] in "1[" or host.lower().removesuffix(":8742") in names
    assert response.status_code == (200 if known else 403)


def test_the_services_own_names_follow_the_settings() -> None:
    def names(**given: object) -> tuple[str, ...] | None:
        return access_rules(read_settings({"host": "127.0.0.1", **given})).own_names

    loopback = ("127.0.0.1", "localhost", "[::1]")
    assert names() == loopback
    # Where all addresses are listened on, the names can't be known: they are told.
    assert names(host="0.0.0.0") == loopback
    assert names(host="0.0.0.0", mcp_hosts="desk.example") == (*loopback, "desk.example")
    assert names(mcp_hosts="*") is None


def test_a_publishable_key_alone_does_not_ask(keys: KeysInMemory) -> None:
    text, _ = keys.add(origins=[PAGE])
    response = closed(keys).post("/v1/ask", QUESTION, headers=bearer(text, Origin=PAGE))
    assert problem(response) == (403, "missing-scope")
    assert response.json()["detail"] == "a publishable key only opens sessions: POST /v1/widget/session"


def test_only_a_publishable_key_opens_a_session(keys: KeysInMemory) -> None:
    text, _ = keys.add(scopes=GRANTABLE_SCOPES)
    response = closed(keys).request("POST", "/v1/widget/session", headers=bearer(text, Origin=PAGE))
    assert problem(response) == (403, "missing-scope")
    anonymous = client_of(make_access()).request("POST", "/v1/widget/session")
    assert problem(anonymous) == (401, "missing-key")


def open_session(client: Client, text: str, page: str = PAGE) -> str:
    opened = client.request("POST", "/v1/widget/session", headers=bearer(text, Origin=page))
    token: str = opened.json()["token"]
    return token


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": PAGE}, 200),
        ({"Origin": "https://other.example"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Host": "help.example"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Host": "service.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Host": "help.example"}, 403),
    ],
)
def test_a_session_is_for_the_page_that_opened_it(
    keys: KeysInMemory, headers: dict[str, str], status: int
) -> None:
    text, _ = keys.add(origins=[PAGE, "https://other.example"])
    client = closed(keys)
    token = open_session(client, text)
    assert client.get("/v1/locales", headers=bearer(token, **headers)).status_code == status


def test_a_session_has_the_scopes_of_its_key_and_ends_with_it(keys: KeysInMemory) -> None:
    text, key = keys.add(origins=[PAGE], scopes=[Scope.ASK])
    client = closed(keys)
    session = bearer(open_session(client, text), Origin=PAGE)
    assert client.post("/v1/ask", QUESTION, headers=session).status_code == 200
    assert problem(client.post("/v1/search", QUERY, headers=session)) == (403, "missing-scope")
    assert problem(client.request("POST", "/v1/widget/session", headers=session)) == (403, "missing-scope")
    keys.revoke(key)
    assert problem(client.post("/v1/ask", QUESTION, headers=session)) == (401, "invalid-key")


def test_an_origin_that_the_key_lost_ends_its_sessions(keys: KeysInMemory) -> None:
    text, key = keys.add(origins=[PAGE, "https://other.example"])
    client = closed(keys)
    session = bearer(open_session(client, text), Origin=PAGE)
    assert keys.keys is not None
    keys.keys = replace(keys.keys, keys=(replace(key, origins=("https://other.example",)),))
    assert problem(client.get("/v1/locales", headers=session)) == (403, "refused-origin")


def test_a_token_of_another_service_is_refused(keys: KeysInMemory) -> None:
    text, key = keys.add(origins=[PAGE])
    elsewhere = KeysInMemory()
    elsewhere.add()
    assert elsewhere.keys is not None
    elsewhere.keys = elsewhere.keys.with_key(key)
    token = open_session(closed(elsewhere), text)
    response = closed(keys).get("/v1/locales", headers=bearer(token, Origin=PAGE))
    assert problem(response) == (401, "invalid-key")


def test_services_with_the_same_token_secret_take_each_others_sessions(keys: KeysInMemory) -> None:
    text, key = keys.add(origins=[PAGE])
    elsewhere = KeysInMemory()
    elsewhere.add()
    assert elsewhere.keys is not None
    elsewhere.keys = elsewhere.keys.with_key(key)
    shared = replace(CLOSED, token_secret="a-secret-of-the-environment-with-32+")
    token = open_session(client_of(make_access(elsewhere, shared)), text)
    both = client_of(make_access(keys, shared))
    assert both.get("/v1/locales", headers=bearer(token, Origin=PAGE)).status_code == 200


def preflight(client: Client, origin: str, path: str = "/v1/ask") -> httpx.Response:
    headers = {
        "Origin": origin, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }  # fmt: skip
    return client.request("OPTIONS", path, headers=headers)


def test_a_preflight_is_answered_for_the_origins_of_keys_and_settings_alone(keys: KeysInMemory) -> None:
    _, key = keys.add(origins=[PAGE])
    client = closed(keys, replace(CLOSED, origins=frozenset({"http://localhost:3000"})))
    for origin in (PAGE, "http://localhost:3000"):
        response = preflight(client, origin)
        assert response.status_code == 204
        assert response.headers["access-control-allow-origin"] == origin
        assert {"GET", "POST"} <= set(response.headers["access-control-allow-methods"].split(", "))
        allowed = response.headers["access-control-allow-headers"].lower().split(", ")
        assert {"authorization", "content-type", "x-api-key", "accept-language"} <= set(allowed)
        assert response.headers["vary"].startswith("Origin, ")
        assert "access-control-allow-credentials" not in response.headers
    for origin in ("https://evil.example", "https://help.example.evil", "http://help.example", "null", "*"):
        response = preflight(client, origin)
        assert problem(response) == (403, "refused-origin")
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["vary"].startswith("Origin, ")
    keys.revoke(key)
    assert preflight(client, PAGE).status_code == 403


def test_without_keys_pages_of_this_machine_may_call(keys: KeysInMemory) -> None:
    client = client_of(make_access(keys))
    for origin in ("http://localhost:3000", "http://127.0.0.1:9", "http://[::1]:9"):
        assert preflight(client, origin).headers["access-control-allow-origin"] == origin
    for origin in ("http://localhost.evil.example", "https://evil.example", "null", "localhost"):
        assert problem(preflight(client, origin)) == (403, "refused-origin")
    assert preflight(client_of(make_access(rules=OPEN)), "http://localhost:3000").status_code == 403
    keys.add(origins=[PAGE])
    assert preflight(client, "http://localhost:3000").status_code == 403


def test_only_pages_of_allowed_origins_may_read_and_caches_are_told(keys: KeysInMemory) -> None:
    keys.add(origins=[PAGE])
    client = closed(keys)
    for path in (*OPEN_PATHS, "/v1/locales"):
        allowed = client.get(path, headers={"Origin": PAGE}).headers
        assert allowed["access-control-allow-origin"] == PAGE
        assert "Origin" in allowed["vary"].split(", ")
        assert "Retry-After" in allowed["access-control-expose-headers"]
        for headers in ({}, {"Origin": "https://evil.example"}):
            refused = client.get(path, headers=headers).headers
            assert "access-control-allow-origin" not in refused
            assert "Origin" in refused["vary"].split(", ")


def test_options_without_a_preflight_is_an_ordinary_method(keys: KeysInMemory) -> None:
    client = client_of(make_access())
    assert problem(client.request("OPTIONS", "/v1/ask")) == (405, "method-not-allowed")
    assert problem(closed(keys).request("OPTIONS", "/v1/ask")) == (401, "missing-key")


def test_a_key_has_its_own_rate_and_the_refusal_says_when_to_come_back(keys: KeysInMemory) -> None:
    slow, _ = keys.add(rate="2/day")
    fast, _ = keys.add(rate="100/day")
    client = closed(keys)
    assert [client.get("/v1/locales", headers=bearer(slow)).status_code for _ in range(2)] == [200, 200]
    response = client.get("/v1/locales", headers=bearer(slow))
    assert problem(response) == (429, "too-many-requests")
    wait_s = response.headers["retry-after"]
    assert 1 <= int(wait_s) <= 86_400
    assert response.headers["ratelimit-policy"] == '"default";q=2;w=86400'
    assert response.headers["ratelimit"] == f'"default";r=0;t={wait_s}'
    assert response.json()["detail"] == f"at most 2 requests in 86400 s; try again in {wait_s} s"
    assert client.get("/v1/locales", headers=bearer(fast)).status_code == 200


def test_what_is_open_and_what_is_refused_counts_for_nobody(keys: KeysInMemory) -> None:
    text, _ = keys.add(rate="1/day", scopes=[Scope.SEARCH])
    client = closed(keys)
    for _ in range(3):
        assert client.get("/health/live", headers=bearer(text)).status_code == 200
        assert client.post("/v1/ask", QUESTION, headers=bearer(text)).status_code == 403
    assert client.get("/v1/locales", headers=bearer(text)).status_code == 200


def test_a_key_without_a_rate_has_that_of_the_settings(keys: KeysInMemory) -> None:
    text, _ = keys.add()
    client = closed(keys, replace(CLOSED, rate=ONE_A_DAY))
    statuses = [client.get("/v1/locales", headers=bearer(text)).status_code for _ in range(2)]
    assert statuses == [200, 429]


def statuses_from(client: Client, addresses: Sequence[str], **headers: str) -> list[int]:
    return [
        client.get("/v1/locales", headers={"X-Forwarded-For": address, **headers}).status_code
        for address in addresses
    ]


# The in-process client calls from 127.0.0.1.
BY_PROXY = replace(OPEN, proxies=(ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")), rate=ONE_A_DAY)


def test_an_open_service_counts_by_address() -> None:
    client = client_of(make_access(rules=BY_PROXY))
    assert statuses_from(client, ["192.0.2.1", "192.0.2.1", "192.0.2.2"]) == [200, 429, 200]


def test_a_forwarded_address_is_believed_only_where_a_trusted_proxy_wrote_it() -> None:
    nobody = client_of(make_access(rules=replace(OPEN, rate=ONE_A_DAY)))
    assert statuses_from(nobody, ["192.0.2.1", "192.0.2.2"]) == [200, 429]
    client = client_of(make_access(rules=BY_PROXY))
    chains = ["192.0.2.9, 192.0.2.1", "192.0.2.8, 192.0.2.1, 10.1.2.3", "192.0.2.7"]
    assert statuses_from(client, chains) == [200, 429, 200]


def test_addresses_of_one_household_are_one_visitor() -> None:
    client = client_of(make_access(rules=BY_PROXY))
    same = ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"]
    assert statuses_from(client, same) == [200, 429, 200]
    assert statuses_from(client, ["::ffff:192.0.2.1", "192.0.2.1"]) == [200, 429]


def test_what_is_no_address_counts_for_the_proxy_that_sent_it() -> None:
    client = client_of(make_access(rules=BY_PROXY))
    assert statuses_from(client, ["nonsense", "", "192.0.2.1, nonsense"]) == [200, 429, 429]


def test_each_visitor_of_a_publishable_key_has_its_rate_and_all_have_the_total(keys: KeysInMemory) -> None:
    text, _ = keys.add(origins=[PAGE], rate="2/day", total_rate="4/day")
    client = closed(keys, replace(BY_PROXY, open=False))
    first = client.request(
        "POST", "/v1/widget/session", headers=bearer(text, Origin=PAGE, **{"X-Forwarded-For": "192.0.2.1"})
    )
    session = bearer(first.json()["token"], Origin=PAGE)
    visitors = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]
    assert statuses_from(client, visitors, **session) == [200, 429, 200, 200, 429]


def test_questions_are_answered_while_the_counts_can_not_be_kept(keys: KeysInMemory) -> None:
    text, _ = keys.add(rate="2/day")
    storage, events = FailingStorage(), list[str]()
    storage.fault = ConnectionError()
    client = client_of(make_access(keys, storage=storage, events=events))
    statuses = [client.post("/v1/ask", QUESTION, headers=bearer(text)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert len(events) == 1


def test_a_route_is_told_who_calls(keys: KeysInMemory) -> None:
    text, key = keys.add()
    access = make_access(keys)
    caller = access.identify(Headers(bearer(text)), "127.0.0.1")
    assert (caller.key, caller.scopes) == (key, frozenset(EVERYDAY_SCOPES))
    assert caller_of(Request({"type": "http", "citedesk.caller": caller})) is caller


def test_a_stranger_is_refused_before_its_body_is_read(keys: KeysInMemory) -> None:
    response = closed(keys).request("POST", "/v1/ask", content=b"x" * 5_000_000)
    assert problem(response) == (401, "missing-key")


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/chat/completions", "/v1/models"])
def test_a_refusal_has_openais_form_where_its_clients_ask(keys: KeysInMemory, path: str) -> None:
    only_search, once = keys.add(scopes=[Scope.SEARCH])[0], keys.add(rate="1/day")[0]
    client = closed(keys)

    def refused(headers: dict[str, str]) -> tuple[int, str, str]:
        response = client.get(path, headers=headers)
        error = response.json()["error"]
        return response.status_code, error["type"], error["code"]

    assert refused({}) == (401, "authentication_error", "missing_key")
    assert refused(bearer("sk-1")) == (401, "authentication_error", "invalid_key")
    assert refused(bearer(only_search)) == (403, "permission_error", "missing_scope")
    client.get(path, headers=bearer(once))
    assert refused(bearer(once)) == (429, "rate_limit_error", "too_many_requests")
