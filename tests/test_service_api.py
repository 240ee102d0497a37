"""The wire: what each address takes and gives."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from indexer import QuestionError, Ranking
from service.asking import WordGuesser
from service.confidence import Judgement
from service.settings import Settings
from tests.fake_index import GENERATION, FakeFollower, FakeIndex
from tests.service_app import Client, build_app

OUTAGES = "May the vendor write to customers about outages?"
PLACE = {
    "passage_id": "ja-jp/partner-help/mail#when-we-write.0",
    "article": "partner-help/mail",
    "title": "お客様へのメール",
    "headings": ["メールを送る場合"],
    "url": "https://example.com/ja-jp/partner-help/mail#when-we-write",
    "translation": {"type": "machine", "handed_over": "2024-05-14", "source_commit": "4f1c0a7"},
    "roles": ["Account admin"],
    "applies_to": [],
}
TEXT = "ベンダーは障害についてお客様にメールを送ることがあります。 価格についてお客様に書くことはありません。"
SOURCE = "The vendor may write to your customers about outages. It never writes to them about prices."


@pytest.fixture
def client() -> Client:
    return Client(build_app())


def problem(response: Any) -> tuple[int, str]:
    """Status and type of a problem, once its form is checked."""
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert body["status"] == response.status_code
    assert body["title"]
    assert body["detail"]
    return response.status_code, body["type"]


def test_an_answer_has_all_fields_of_the_wire(client: Client) -> None:
    reply = client.ask(OUTAGES, locale="ja-jp", top_k=1)
    # All 8 terms of the question stand among the 9 of the sentence and the 14 of the passage.
    sentence = 0.75 + 0.25 * 8 / (8 * 9) ** 0.5
    dense = 0.75 + 0.25 * 8 / (8 * 14) ** 0.5
    score = 0.5 * sentence + 0.5
    assert reply.pop("id").isalnum()
    assert reply.pop("conversation").isalnum()
    assert 0 <= reply.pop("confidence") <= 1
    assert set(reply.pop("timings_ms")) == {"locale", "search", "confidence", "writing", "total"}
    [citation] = reply.pop("citations")
    [hit] = reply.pop("hits")
    assert citation.pop("score") == pytest.approx(score)
    assert hit.pop("score") == pytest.approx(score)
    assert hit.pop("scores") == pytest.approx({"dense": dense, "sentence": sentence, "lexical": 1.0})
    assert citation == {
        **PLACE,
        "number": 1,
        "quote": "ベンダーは障害についてお客様にメールを送ることがあります。 "
        "価格についてお客様に書くことはありません。",
        "source_quote": "The vendor may write to your customers about outages. "
        "It never writes to them about prices.",
        "context": None,
        "start": 0,
        "end": 51,
        "drift": None,
    }
    assert hit == {**PLACE, "rank": 1, "text": TEXT, "source_text": SOURCE}
    assert reply == {
        "status": "answered",
        "abstain_reason": None,
        "locale": {
            "requested": "ja-jp",
            "answered": "ja-jp",
            "guessed": False,
            "nearest": False,
            "fallback": False,
        },
        "answer": "ベンダーは障害についてお客様にメールを送ることがあります。[1]",
        "writer": "extractive",
        "writer_fault": None,
        "understood_as": None,
        "generation": GENERATION,
    }


def test_every_quote_is_verbatim_in_its_passage(client: Client) -> None:
    for citation in client.ask(OUTAGES, locale="de-de")["citations"]:
        address = "/v1/passages/" + citation["passage_id"].replace("#", "%23")
        text = client.get(address).json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_two_answers_have_different_ids(client: Client) -> None:
    assert client.ask(OUTAGES)["id"] != client.ask(OUTAGES)["id"]


def test_a_refusal_has_a_reason_a_sentence_and_the_nearest_hits(client: Client) -> None:
    reply = client.ask("月の高さは？", locale="zh-tw")
    assert (reply["status"], reply["abstain_reason"]) == ("abstained", "off_topic")
    assert reply["answer"] == "沒有與此問題相關的文章。"
    assert reply["citations"] == []
    assert [hit["rank"] for hit in reply["hits"]] == [1]
    assert reply["locale"]["fallback"] is False


def test_a_fallback_is_flagged(client: Client) -> None:
    reply = client.ask("Can a subscription be cancelled within seven days?", locale="de-AT")
    assert reply["locale"] == {
        "requested": "de-at",
        "answered": "en-us",
        "guessed": False,
        "nearest": True,
        "fallback": True,
    }


def test_the_header_chooses_where_the_field_does_not(client: Client) -> None:
    response = client.post("/v1/ask", {"question": OUTAGES}, headers={"Accept-Language": "sv, de;q=0.7"})
    assert response.json()["locale"]["answered"] == "de-de"


def test_a_guess_is_said_to_be_one() -> None:
    reply = Client(build_app(guess=WordGuesser())).ask("Darf der Anbieter Kunden wegen Ausfällen schreiben?")
    assert reply["locale"] == {
        "requested": None,
        "answered": "de-de",
        "guessed": True,
        "nearest": False,
        "fallback": False,
    }


def test_a_locale_without_articles_of_its_language_is_404_with_the_list(client: Client) -> None:
    response = client.post("/v1/ask", {"question": OUTAGES, "locale": "sv-SE"})
    assert problem(response) == (404, "/problems/unknown-locale")
    assert response.json()["available"] == ["de-de", "en-us", "ja-jp", "zh-tw"]


def test_a_search_gives_ranked_hits(client: Client) -> None:
    reply = client.post("/v1/search", {"query": "outages customers", "locale": "en-us", "top_k": 2}).json()
    assert set(reply) == {"locale", "hits", "generation"}
    assert reply["generation"] == GENERATION
    assert [(hit["rank"], hit["passage_id"]) for hit in reply["hits"]] == [
        (1, "en-us/partner-help/mail#when-we-write.0"),
        (2, "en-us/partner-help/mail#stop.0"),
    ]


def test_the_settings_say_how_many_hits_a_silent_client_gets() -> None:
    client = Client(build_app(settings=Settings(top_k=1)))
    assert len(client.ask(OUTAGES, locale="en-us")["hits"]) == 1


def test_filters_reach_the_index(client: Client) -> None:
    body = {"query": "vendor", "locale": "en-us", "filters": {"roles": ["Billing admin"]}}
    hits = client.post("/v1/search", body).json()["hits"]
    assert [hit["article"] for hit in hits] == ["partner-help/seats"]
    body["filters"] = {"roles": []}
    assert client.post("/v1/search", body).json()["hits"] == []


def test_a_passage_is_read_by_its_encoded_id(client: Client) -> None:
    reply = client.get("/v1/passages/ja-jp%2Fpartner-help%2Fmail%23when-we-write.0").json()
    assert reply == {
        **PLACE,
        "locale": "ja-jp",
        "text": TEXT,
        "source_text": SOURCE,
        "sentences": [
            {"start": 0, "end": 29, "source": "The vendor may write to your customers about outages."},
            {"start": 30, "end": 51, "source": "It never writes to them about prices."},
        ],
        "generation": GENERATION,
    }
    assert client.get("/v1/passages/ja-jp/partner-help/mail%23when-we-write.0").json() == reply


def test_an_unknown_passage_is_404(client: Client) -> None:
    response = client.get("/v1/passages/ja-jp/partner-help/mail%23nowhere.7")
    assert problem(response) == (404, "/problems/unknown-passage")


def test_the_locales_are_listed(client: Client) -> None:
    reply = client.get("/v1/locales").json()
    assert reply["generation"] == GENERATION
    assert [summary["locale"] for summary in reply["locales"]] == ["de-de", "en-us", "ja-jp", "zh-tw"]
    assert reply["locales"][1] == {
        "locale": "en-us",
        "articles": 2,
        "passages": 3,
        "sentences": 4,
        "newest_hand_over": str(date(2024, 5, 20)),
    }


def test_live_needs_no_index() -> None:
    assert Client(build_app(follower=FakeFollower(None))).get("/health/live").json() == {"status": "live"}


def test_ready_names_the_generation_and_why_a_newer_one_was_not_taken() -> None:
    follower = FakeFollower(FakeIndex(), fault="generation x: vectors.faiss differs from its manifest")
    assert Client(build_app(follower=follower)).get("/health/ready").json() == {
        "status": "ready",
        "conversations": "off",
        "generation": GENERATION,
        "fault": "generation x: vectors.faiss differs from its manifest",
    }


@pytest.mark.parametrize("path", ["/health/ready", "/v1/locales", "/v1/passages/x"])
def test_without_an_index_every_answer_is_503_and_says_why(path: str) -> None:
    response = Client(build_app(follower=FakeFollower(None))).get(path)
    assert problem(response) == (503, "/problems/not-ready")
    assert "python -m indexer build" in response.json()["detail"]
    assert response.headers["retry-after"] == "1"


def test_a_fault_is_why_there_is_no_index() -> None:
    follower = FakeFollower(None, fault="generation x: manifest.json is cut short")
    response = Client(build_app(follower=follower)).get("/health/ready")
    assert response.json()["detail"] == "generation x: manifest.json is cut short"


def test_questions_without_an_index_are_503() -> None:
    response = Client(build_app(follower=FakeFollower(None))).post("/v1/ask", {"question": OUTAGES})
    assert problem(response) == (503, "/problems/not-ready")


def test_a_stopping_service_is_not_ready_but_answers() -> None:
    client = Client(build_app(stopping=lambda: True))
    response = client.get("/health/ready")
    assert problem(response) == (503, "/problems/not-ready")
    assert response.json()["detail"] == "the service is stopping"
    assert client.ask(OUTAGES)["status"] == "answered"


def test_an_index_that_appears_is_served() -> None:
    follower = FakeFollower(None)
    client = Client(build_app(follower=follower))
    assert client.get("/health/ready").status_code == 503
    follower.index = FakeIndex()
    assert client.get("/health/ready").status_code == 200


def test_a_fault_of_the_service_is_a_problem_that_tells_nothing_of_it() -> None:
    def fail(ranking: Ranking) -> Judgement:
        raise RuntimeError("secret")

    response = Client(build_app(confidence=fail), faults_escape=False).post("/v1/ask", {"question": OUTAGES})
    assert problem(response) == (500, "/problems/internal")
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_question_that_the_index_refuses_is_422() -> None:
    class Refusing(FakeIndex):
        def search(self, question: str, **options: Any) -> Ranking:
            raise QuestionError("the question has no words")

    response = Client(build_app(Refusing())).post("/v1/ask", {"question": OUTAGES})
    assert problem(response) == (422, "/problems/invalid-request")
    assert response.json()["detail"] == "the question has no words"


def test_an_unknown_address_is_404(client: Client) -> None:
    assert problem(client.get("/v1/nothing")) == (404, "/problems/not-found")
    assert problem(client.get("/v1/ask/")) == (404, "/problems/not-found")


def test_another_method_is_405_with_the_allowed_ones(client: Client) -> None:
    response = client.get("/v1/ask")
    assert problem(response) == (405, "/problems/method-not-allowed")
    assert response.headers["allow"] == "POST"
    response = client.request("DELETE", "/v1/locales")
    assert problem(response) == (405, "/problems/method-not-allowed")
    assert (response.headers["allow"], response.json()["detail"]) == ("GET, HEAD", "use GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/health/live",
        "/health/ready",
        "/v1/locales",
        "/v1/passages/ja-jp/partner-help/mail%23when-we-write.0",
        "/v1/passages/nowhere",
        "/openapi.json",
        "/",
        "/demo/demo.js",
        "/v1/nothing",
        "/v1/ask",
    ],
)
def test_head_gives_the_status_and_headers_of_get_without_a_body(client: Client, path: str) -> None:
    asked, head = client.get(path), client.request("HEAD", path)
    assert (head.status_code, head.headers) == (asked.status_code, asked.headers)
    assert (head.content, asked.content != b"") == (b"", True)


def test_head_of_a_service_without_an_index_is_503() -> None:
    response = Client(build_app(follower=FakeFollower(None))).request("HEAD", "/health/ready")
    assert (response.status_code, response.content) == (503, b"")


def test_every_response_has_the_security_headers(client: Client) -> None:
    for path in ("/", "/demo/demo.js", "/v1/locales", "/v1/nothing", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]


def test_the_document_describes_each_address_with_its_problems(client: Client) -> None:
    document = client.get("/openapi.json").json()
    statuses = {
        f"{method} {path}": sorted(operation["responses"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    gate = ["401", "403", "429"]
    questions = sorted(["200", "400", "404", "408", "413", "415", "422", "503", "504", *gate])
    openai = [*(status for status in questions if status != "422"), "default"]
    assert statuses == {
        "post /v1/ask": questions,
        "post /v1/search": questions,
        "get /v1/passages/{passage_id}": ["200", "401", "403", "404", "422", "429", "503", "504"],
        "get /v1/locales": ["200", *gate, "503"],
        "post /v1/widget/session": ["200", *gate],
        "get /health/live": ["200"],
        "get /health/ready": ["200", "503"],
        "post /v1/responses": openai,
        "post /v1/chat/completions": openai,
        "get /v1/models": ["200", *gate, "503"],
        "get /v1/models/{model}": ["200", "401", "403", "404", "429", "503", "default"],
        "post /v1/feedback": questions,
        "post /v1/handover": questions,
        "post /v1/chatwoot": ["200", "400", "401", "404", "408", "413", "415", "422", "429"],
    }
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_reference_of_the_document_resolves(client: Client) -> None:
    text = client.get("/openapi.json").text
    schemas = json.loads(text)["components"]["schemas"]
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references == set(schemas)


def test_every_field_of_the_document_has_an_example_or_a_schema_of_its_own(client: Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    bare = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, description in schema.get("properties", {}).items()
        if "examples" not in description and "$ref" not in json.dumps(description)
    ]
    assert bare == []


def test_requests_are_documented_with_their_bounds(client: Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    question = schemas["AskBody"]["properties"]["question"]
    assert (question["minLength"], question["maxLength"]) == (1, 2000)
    assert schemas["AskBody"]["additionalProperties"] is False
    assert schemas["AskBody"]["required"] == ["question"]
    assert schemas["TurnBody"]["properties"]["content"]["maxLength"] == 4000
