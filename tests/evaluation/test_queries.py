from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.queries import Agreement, agreement, ranks, search_report, word_report
from shoprl.policies.query.data import Typed
from shoprl.policies.query.policy import QueryModel, QueryPolicy
from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import Instruction


@dataclass
class Says:
    """Proposes the same for every instruction."""

    proposals: list[str]
    kind: QueryModel = "extractive"

    def write(self, instruction: Instruction) -> Iterable[str]:
        return self.proposals

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def test_agreement_by_hand() -> None:
    assert agreement("red mugs", ("the mug red",)) == Agreement(1.0, 1.0, 1.0, 1.0)
    assert agreement("lamp", ("red mug", "blue mug")) == Agreement(0.0, 0.0, 0.0, 0.0)
    found = agreement("red mug", ("lamp", "big red mug for tea", "red"))  # 2 of 2 in 4; 1 of 2 in 1
    assert (found.precision, found.recall, found.exact) == (1.0, 0.5, 0.0)
    assert found.f1 == pytest.approx(2 / 3)


def test_words_by_hand() -> None:
    data = [Typed("find red mug", ("red mug",)), Typed("a lamp, and price lower than 5 dollars", ("lamp", "light"))]
    report = word_report(QueryPolicy(Says(["red"])), data)
    assert report.instructions == 2
    assert {name: value.value for name, value in report.query.items()} == {
        "precision": 0.5, "recall": 0.25, "f1": pytest.approx(1 / 3), "exact": 0.0,
    }  # fmt: skip
    wish = {name: value.value for name, value in report.wish.items()}
    assert wish == {"precision": pytest.approx(5 / 6), "recall": 1.0, "f1": pytest.approx(0.9), "exact": 0.5}
    assert report.query["f1"].low <= report.query["f1"].value <= report.query["f1"].high
    with pytest.raises(ConfigError, match="no instruction"):
        word_report(QueryPolicy(Says([])), [])


def test_ranks_by_hand(toy: ShopData) -> None:
    goal = next(goal for goal in toy.goals if goal.asin == "B0LAMP0001")
    everything = [hit.asin for hit in toy.index.search("toymart", 50)]
    place = everything.index("B0LAMP0001")
    assert ranks(toy.index, [goal], lambda _: ["toymart"], 50) == [place]
    assert ranks(toy.index, [goal], lambda _: ["toymart", "aurora"], 50) == [0]
    assert ranks(toy.index, [goal], lambda _: ["mint", "xyzzy"], 50) == [50]
    assert ranks(toy.index, [goal], lambda _: ["toymart"], place) == [place]  # not among the first


def test_search_report_by_hand(toy: ShopData) -> None:
    goals = [next(goal for goal in toy.goals if goal.asin == asin) for asin in ("B0LAMP0001", "B0TEA00002")]
    report = search_report(QueryPolicy(Says(["aurora", "mint"])), toy.index, goals, (2, 1))
    assert report.goals == 2
    assert [row.n for row in report.rows] == [1, 2]
    for depth in (10, 50):
        one, two = (row.recalls for row in report.rows)
        assert (one[f"queries_{depth}"].value, two[f"queries_{depth}"].value) == (0.5, 1.0)
        assert one[f"wish_{depth}"].value == one[f"wish_as_deep_{depth}"].value
        assert two[f"queries_and_wish_{depth}"].value == 1.0
        assert one[f"difference_{depth}"].value == 0.5 - one[f"wish_{depth}"].value
    with pytest.raises(ConfigError, match="no goal"):
        search_report(QueryPolicy(Says([])), toy.index, [])
