import json
from dataclasses import dataclass

from shoprl.bench.figures import Figures


@dataclass(frozen=True)
class Some(Figures):
    steps: int
    seconds: dict[str, float]


def test_figures_are_json_in_the_order_of_their_fields() -> None:
    row = Some(3, {"dpo": 0.5}).to_json()
    assert json.loads(json.dumps(row)) == row == {"steps": 3, "seconds": {"dpo": 0.5}}
    assert list(row) == ["steps", "seconds"]
