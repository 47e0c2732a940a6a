from collections.abc import Iterator
from pathlib import Path

import pytest

from shoprl.service.config import ServiceConfig
from tests.support.serving import Served, running


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A service whose lists are long and always the same."""
    with running(f"sqlite:///{tmp_path / 'service.db'}", ServiceConfig(min_fit=0.0, temperature=0.0)) as made:
        yield made
