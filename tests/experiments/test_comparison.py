import json
from pathlib import Path

import pytest

from shoprl.errors import ConfigError
from shoprl.evaluation.thompson.compare import ArmComparison
from shoprl.evaluation.thompson.sampling import ThompsonConfig
from shoprl.experiments.comparison import compare_policies, write_comparison
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.reading import read_json, read_json_lines
from shoprl.report.plots_compare import plot_comparison
from shoprl.rollouts.runner import run_episodes
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask

CONFIG = ThompsonConfig(allocation="top-two", rollouts=30, runs=2, batch=8, chunk=3)


def compared(toy: ShopData, folder: Path, policy: RandomPolicy, config: ThompsonConfig = CONFIG) -> ArmComparison:
    pytest.importorskip("matplotlib")
    return compare_policies({"rule": RulePolicy(), "random": policy}, toy, range(12), config, folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ArmComparison]:
    from tests.support.toyshop import toy_data

    folder = tmp_path_factory.mktemp("whole")
    return folder, compared(toy_data(), folder, RandomPolicy())


def test_what_it_leaves(whole: tuple[Path, ArmComparison], toy: ShopData) -> None:
    folder, comparison = whole
    results = read_json(folder / "results.json", ConfigError)
    assert results["thompson"] == json.loads(json.dumps(comparison.to_json()))
    assert results["hashes"] == toy.hashes()
    assert {"seed", "wall_seconds", "machine", "versions"} < set(results)
    assert sorted(path.name for path in folder.iterdir()) == ["figures", "results.json", "run-0", "run-1"]
    assert set(read_json(folder / "figures" / "captions.json", ConfigError)) < {
        path.name for path in (folder / "figures").iterdir()
    }
    for number in range(2):
        rows = [row for _, row in read_json_lines(folder / f"run-{number}" / "rollouts.jsonl.gz", ConfigError)]
        assert [row["index"] for row in rows] == list(range(30))
        for row in rows:
            policy = {"rule": RulePolicy(), "random": RandomPolicy()}[row["arm"]]
            goal = row["goal_index"], toy.goals[row["goal_index"]]
            again = run_episodes(policy, ShopTask(toy.shop), [goal], [row["seed"]], "sample", label="")[0]
            assert [each.action for each in again.decisions] == row["actions"]
            assert (again.reward, again.success, row["run"]) == (row["reward"], row["success"], number)


def test_written_from_what_was_played(whole: tuple[Path, ArmComparison], toy: ShopData, tmp_path: Path) -> None:
    written = write_comparison(whole[1], toy, tmp_path, {"rollouts": 1.234})
    assert read_json(tmp_path / "results.json", ConfigError) == json.loads(json.dumps(written.to_json()))
    seconds = written.wall_seconds
    assert seconds is not None
    assert seconds["rollouts"] == 1.23
    assert seconds["total"] == pytest.approx(1.234 + seconds["figures"], abs=0.02)
    assert written.seed == CONFIG.seed
    plot_comparison(whole[1].results, tmp_path / "expected")  # of both runs
    figures = {path.name: path.read_bytes() for path in (tmp_path / "expected").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()} == figures
