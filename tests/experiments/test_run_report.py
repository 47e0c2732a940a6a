from pathlib import Path
from typing import Any

import pytest

from shoprl.errors import RunError
from shoprl.evaluation.evaluate import evaluate
from shoprl.experiments import run_report
from shoprl.experiments.engine import Experiment
from shoprl.experiments.outcome import Outcome
from shoprl.experiments.plan import Plan
from shoprl.experiments.run_report import write_run_report
from shoprl.files import write_json_lines
from shoprl.policies.simple import RandomPolicy, RulePolicy
from shoprl.shop.data import ShopData
from tests.support.folders import HOSTILE
from tests.support.png import check_png


def test_figures_and_report_of_what_was_found(toy: ShopData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    run = Experiment(tmp_path, toy, 0, Plan({}, {}, {}), wall={"training": 12.34})
    write_json_lines(
        tmp_path / "training" / "dpo" / "log.jsonl", [{"update": 1, "loss": 0.5}, {"update": 2, "loss": 0.25}]
    )
    goals = run.goals(toy.split.test[:4])
    tests = {each.name: evaluate(each, run.task, goals, "greedy", 0, "") for each in (RulePolicy(), RandomPolicy())}
    results: dict[str, Any] = {
        "agents": {name: test.summary.to_json() for name, test in tests.items()},
        **{"budget": HOSTILE, "seed": 0, "threads": 1, "machine": {}, "versions": {}, "hashes": toy.hashes()},
    }
    curves: dict[str, Any] = {}
    plot = run_report.plot_panels
    monkeypatch.setattr(run_report, "plot_panels", lambda panels, path: (curves.update(panels), plot(panels, path))[1])
    write_run_report(run, Outcome(results, tests, ("dpo",)), results)
    assert curves == {"Loss: dpo": {"dpo": [[(1, 0.5), (2, 0.25)]]}}
    for name in ("agents", "losses"):
        check_png(tmp_path / "figures" / f"{name}.png")
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"agents.png", "losses.png"}
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert HOSTILE not in html
    assert "<script>alert" not in html
    assert "12.3" in html  # the seconds come from the experiment
    apart = next(
        toy.goals[a.goal_index].instruction
        for a, b in zip(tests["rule"].episodes, tests["random"].episodes, strict=True)
        if a.reward != b.reward
    )
    assert apart in html


def test_results_of_another_form_are_refused(toy: ShopData, tmp_path: Path) -> None:
    run = Experiment(tmp_path, toy, 0, Plan({}, {}, {}))
    with pytest.raises(RunError, match=r"results\.json"):
        write_run_report(run, Outcome({}, {}, ()), {"agents": 3})
    assert list(tmp_path.iterdir()) == []
