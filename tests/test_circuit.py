"""The breaker: some failures in a row open it, and it closes by itself."""

from __future__ import annotations

from service.circuit import FAILURES_MAX, REST_MAX_S, REST_S, CircuitBreaker


def opened() -> tuple[CircuitBreaker, list[float]]:
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    for _ in range(FAILURES_MAX):
        assert breaker.admit()
        breaker.failed()
    return breaker, now


def test_failures_in_a_row_open_it_and_the_last_one_says_so() -> None:
    breaker = CircuitBreaker(lambda: 0.0)
    assert [breaker.failed() for _ in range(4)] == [False, False, True, False]
    assert not breaker.admit()


def test_a_success_between_failures_keeps_it_closed() -> None:
    breaker = CircuitBreaker(lambda: 0.0)
    breaker.failed()
    breaker.failed()
    assert not breaker.succeeded()
    breaker.failed()
    breaker.failed()
    assert breaker.admit()


def test_after_the_rest_one_call_alone_is_let_through() -> None:
    breaker, now = opened()
    now[0] = REST_S - 0.1
    assert not breaker.admit()
    now[0] = REST_S
    assert [breaker.admit() for _ in range(3)] == [True, False, False]


def test_its_success_closes_it_and_says_so() -> None:
    breaker, now = opened()
    now[0] = REST_S
    assert breaker.admit()
    assert breaker.succeeded()
    assert [breaker.admit() for _ in range(3)] == [True, True, True]


def test_its_failure_makes_the_next_rest_twice_as_long() -> None:
    breaker, now = opened()
    now[0] = REST_S
    assert breaker.admit()
    assert not breaker.failed()
    now[0] = REST_S + 2 * REST_S - 0.1
    assert not breaker.admit()
    now[0] = REST_S + 2 * REST_S
    assert breaker.admit()


def test_no_rest_is_longer_than_the_limit() -> None:
    breaker, now = opened()
    for _ in range(20):
        now[0] += REST_MAX_S
        assert breaker.admit()
        breaker.failed(rest_s=10 * REST_MAX_S)


def test_a_call_that_was_given_up_lets_another_one_try() -> None:
    breaker, now = opened()
    now[0] = REST_S
    assert breaker.admit()
    breaker.abandoned()
    assert breaker.admit()


def test_an_endpoint_that_names_a_rest_gets_it_at_once() -> None:
    now = [0.0]
    breaker = CircuitBreaker(lambda: now[0])
    assert breaker.failed(rest_s=30)
    now[0] = 29.9
    assert not breaker.admit()
    now[0] = 30
    assert breaker.admit()


def test_a_call_from_before_the_opening_that_fails_later_changes_nothing() -> None:
    breaker, now = opened()
    breaker.failed()
    now[0] = REST_S
    assert breaker.admit()
