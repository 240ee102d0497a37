"""What a machine may lack: there a test that needs it is skipped, and the reason says how to get it."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def skip_for_lack(of: str) -> NoReturn:
    """Skip the running test for lack of something; CI has everything, so there the test fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(of)
    pytest.skip(of)  # a laptop may do without; the one place for it, so that no test forgets CI
