"""The settings tables of the algorithm pages hold each config's fields and their defaults, and nothing else."""

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.training.dpo import DPOConfig
from shoprl.training.imitation import ImitationConfig
from shoprl.training.policy_gradient import PolicyGradientConfig
from shoprl.training.ppo import PPOConfig
from shoprl.training.query import ExtractiveTraining, Seq2SeqTraining
from shoprl.training.self_learning import SelfLearningConfig

ALGORITHMS = Path(__file__).parent.parent.parent / "docs" / "algorithms"
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| .+ \|$", re.MULTILINE)
TABLES = [
    ("imitation", ImitationConfig),
    ("dpo", DPOConfig),
    ("self-learning", SelfLearningConfig),
    ("policy-gradient", PolicyGradientConfig),
    ("ppo", PPOConfig),
    ("query", ExtractiveTraining),
    ("query", Seq2SeqTraining),
    ("thompson", ThompsonConfig),
]


def _table(page: str, config: str) -> dict[str, str]:
    """Setting -> default, of the table that follows ``Settings (`CONFIG`)`` in a heading or line."""
    text = (ALGORITHMS / f"{page}.md").read_text(encoding="utf-8")
    after = text.split(f"`{config}`", 1)
    assert len(after) == 2, f"{page}.md does not name {config}"
    table = re.search(r"(?:^\|.*\n)+", after[1], re.MULTILINE)
    assert table, f"{page}.md: no table after {config}"
    return dict(ROW.findall(table[0]))


def _shown(value: Any) -> str:
    if isinstance(value, bool | str) or value is None:
        return f"`{value}`"
    if isinstance(value, float) and value < 1e-2 and value > 0:
        return f"{value:g}".replace("e-0", "e-")
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


@pytest.mark.parametrize(("page", "config"), TABLES, ids=lambda each: getattr(each, "__name__", each))
def test_the_table_agrees_with_the_config(page: str, config: type[Any]) -> None:
    wanted = {
        field.name: "see [DPO](dpo.md#settings)" if field.default is MISSING else _shown(field.default)
        for field in fields(config)
    }
    assert _table(page, config.__name__) == wanted
