"""The proof that learners, rollouts and policies know the task alone: one without a word, and no shop."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch", reason="needs the extra train")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def add_task() -> ModuleType:
    sys.path.insert(0, str(EXAMPLES))  # as where it is run from
    try:
        spec = importlib.util.spec_from_file_location("add_task", EXAMPLES / "add_task.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["add_task"] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EXAMPLES))
    return module


def test_imitation_dpo_and_ppo_learn_a_task_of_numbers(add_task: ModuleType) -> None:
    success = add_task.main()
    assert success["untrained"] <= 0.5
    assert min(success[method] for method in ("imitation", "dpo", "ppo")) >= 0.85
