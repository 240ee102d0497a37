"""What the service counts of itself, for Prometheus: `GET /metrics`.

Labels are routes, statuses, stages, locales and reasons, all from bounded sets: no question, no
key, no address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer import Index, IndexMissing
from service.answering import Answer
from service.route_scopes import rule_for

# Seconds: a stage takes .1 to 50 ms, a whole answer up to its deadline.
STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Observed(Protocol):
    """What is asked at each scrape for what it knows."""

    def index(self) -> Index:
        """The index that serves, or IndexMissing."""
        ...

    def faults(self) -> dict[str, bool]:
        """What can go wrong beside the requests, by name, and whether it has now."""
        ...

    def refusals(self) -> dict[str, int]:
        """Requests that could not be worked on, by reason, since the start."""
        ...

    def lost(self) -> int:
        """Exchanges that could not be stored, since the start."""
        ...

    def places_free(self) -> int:
        """How many more questions would be taken now."""
        ...


class Metrics:
    """The counters of one application, in a registry of its own."""

    def __init__(self, observed: Observed) -> None:
        """Begin at zero; `observed` is asked at each scrape."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "citedesk_requests", "Requests by route and status.", ["route", "status"], registry=self._registry
        )
        self._request_seconds = Histogram(
            "citedesk_request_seconds", "From arrival to the last byte.", ["route"],
            buckets=STAGE_BUCKETS, registry=self._registry,
        )  # fmt: skip
        self._answers = Counter(
            "citedesk_answers", "Questions answered, by locale and writer.", ["locale", "writer"],
            registry=self._registry,
        )  # fmt: skip
        self._refusals = Counter(
            "citedesk_refusals", "Questions refused, by locale and reason.", ["locale", "reason"],
            registry=self._registry,
        )  # fmt: skip
        self._stage_seconds = Histogram(
            "citedesk_stage_seconds", "Work on one question, by stage.", ["stage"],
            buckets=STAGE_BUCKETS, registry=self._registry,
        )  # fmt: skip
        ProcessCollector(registry=self._registry)
        self._registry.register(_AtScrape(observed))

    def answered(self, answer: Answer) -> None:
        """Count an answer or a refusal, and its stages."""
        if answer.reason is None:
            self._answers.labels(answer.ranking.locale, answer.writer).inc()
        else:
            self._refusals.labels(answer.choice.served, answer.reason).inc()
        for stage, ms in answer.timings_ms.items():
            self._stage_seconds.labels(stage).observe(ms / 1000)

    def requested(self, path: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        route = rule_for(path).label
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def render(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)


class _AtScrape(Collector):
    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        yield from self._index()
        faults = GaugeMetricFamily("citedesk_fault", "1 while it lasts; the log names it.", labels=["what"])
        for what, lasts in self._observed.faults().items():
            faults.add_metric([what], float(lasts))
        yield faults
        refusals = CounterMetricFamily(
            "citedesk_unworked", "Requests that could not be worked on.", labels=["reason"]
        )
        for reason, count in self._observed.refusals().items():
            refusals.add_metric([reason], count)
        yield refusals
        yield CounterMetricFamily(
            "citedesk_exchanges_lost", "Exchanges that could not be stored.", self._observed.lost()
        )
        yield GaugeMetricFamily(
            "citedesk_places_free", "How many more questions would be taken.", self._observed.places_free()
        )

    def _index(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("citedesk_ready", "1 where an index serves.")
        generation = GaugeMetricFamily(
            "citedesk_generation_info", "The generation that serves.", labels=["generation"]
        )
        passages = GaugeMetricFamily("citedesk_passages", "Passages that can be found.", labels=["locale"])
        try:
            index = self._observed.index()
        except IndexMissing:
            ready.add_metric([], 0)
        else:
            ready.add_metric([], 1)
            generation.add_metric([index.generation], 1)
            for summary in index.locales:
                passages.add_metric([summary.locale], summary.passages)
        yield from (ready, generation, passages)


class Meter:
    """Counts each request with its status and time, whatever answered it."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Wrap `app`; `clock` gives seconds."""
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and count at the end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A client that leaves before any answer gets none: 499, as in problems.py.
        status, path, started = 499, scope["path"], self._clock()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            status = 500
            raise
        finally:
            self._metrics.requested(path, status, self._clock() - started)


def build_metrics_route(metrics: Metrics) -> APIRouter:
    """The route; it is for machines that know its format, and no part of the API's document."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def read_metrics() -> Response:
        return Response(
            metrics.render(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
        )

    return router
