"""How often: `60/minute` and its like, as settings, keys and the command line write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

PERIODS_S = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_RATE = re.compile(rf"([1-9][0-9]{{0,6}})/({'|'.join(PERIODS_S)})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` requests in any `period_s` seconds."""

    count: int
    period_s: int


def parse_rate(text: str) -> Rate:
    """The rate that `text` names.

    Raises:
        ValueError: it is none.
    """
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"a rate is a number of requests and a period ({', '.join(PERIODS_S)}): 60/minute")
    return Rate(int(found[1]), PERIODS_S[found[2]])


def _check_rate(text: str) -> str:
    parse_rate(text)
    return text


RateText = Annotated[str, AfterValidator(_check_rate)]
