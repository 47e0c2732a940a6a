"""Small run folders, made by hand, on the toy shop."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shoprl.evaluation.results import Difference, PolicyRow
from shoprl.files import write_json_lines
from shoprl.rollouts.records import Decision, Episode
from shoprl.shop.goal import goals_hash
from shoprl.trajectories.files import write_trajectories
from tests.support.toyshop import toy_data, write_toy_folder

HOSTILE = '<script>alert("1")</script>|`*x*`\n[a](http://evil.example)'


def row(success: float, score: float, **more: Any) -> dict[str, Any]:
    """An agent's row, with intervals two points wide."""
    return {
        "episodes": 50,
        "success_rate": success,
        "success_rate_interval": [success - 0.01, success + 0.01],
        "score": score,
        "score_interval": [score - 1, score + 1],
        **more,
    }


def policy_rows(*rows: Mapping[str, Any]) -> list[PolicyRow]:
    return [PolicyRow.from_json(each, "results.json") for each in rows]


def difference(value: Mapping[str, Any]) -> Difference:
    return Difference.from_json(value, "results.json")


def comparison(value: float, low: float, high: float, name: str = "dpo less control") -> dict[str, Any]:
    return {
        "name": name,
        "success_rate_difference": {"value": value, "low": low, "high": high},
        "score_difference": {"value": 100 * value, "low": 100 * low, "high": 100 * high},
        "mcnemar": {"only_first": 9, "only_second": 2, "p_value": 0.065},
    }


def run_folder(
    folder: Path,
    agents: Mapping[str, Any] | None,
    seed: int = 0,
    record: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    **results: Any,
) -> Path:
    """A run folder; without ``agents`` it has no results."""
    folder.mkdir(parents=True)
    hashes = {"catalog": "c" * 64, "goals": "a" * 64}
    written = {
        "status": "done",
        "command": f"shoprl reproduce --data /home/alice/shops/mine --seed {seed} --out=/home/alice/runs/{seed}",
        "settings": {"budget": "tiny", "seed": seed, "hashes": hashes, **(settings or {})},
        "data": "../data",
        "versions": {"numpy": "2.0"},
        "machine": {"cores": 2},
        "commit": {"sha": "0123456789abcdef", "dirty": True},
        **(record or {}),
    }
    (folder / "run.json").write_text(json.dumps(written))
    if agents is not None:
        found = {"agents": agents, "hashes": hashes, "seed": seed, **results}
        (folder / "results.json").write_text(json.dumps(found))
    return folder


def add_episodes(folder: Path, rewards: Mapping[str, Sequence[float]], data: bool = True) -> None:
    """Each agent's episodes on the first goals of the toy shop, whose data folder stands beside the run's."""
    shop = folder.parent / "data"
    if data and not shop.exists():
        write_toy_folder(shop)
    goals = toy_data().goals
    for agent, values in rewards.items():
        episodes = [_episode(i, reward, goals[i].asin) for i, reward in enumerate(values)]
        write_trajectories(folder / "episodes" / "test" / f"{agent}.jsonl.gz", episodes, goals_hash(goals))


def _episode(goal: int, reward: float, asin: str) -> Episode:
    moves = (("search", f"search[{HOSTILE}]"), ("results", f"click[{asin.lower()}]"), ("item", "click[buy now]"))
    decisions = tuple(Decision(page, action, 9, 0.5 if page == "item" else 1.0) for page, action in moves)
    return Episode(goal, decisions, reward, True, asin=asin)


def train_folder(folder: Path, method: str, seed: int = 0, **last: float) -> Path:
    """A run folder of ``shoprl train`` with a log of three rows."""
    config = {"updates": 30, "learning_rate": 0.1, "seed": seed}
    settings = {"method": method, "config": config, "budget": None, "seed": None}
    run_folder(folder, None, record={"policy": "policy", "last": {"update": 30, **last}}, settings=settings)
    rows = [{"update": update, **last} for update in (10, 20, 30)]
    write_json_lines(folder / "training" / "log.jsonl", rows)
    return folder


def compare_folder(folder: Path) -> Path:
    """A run folder of ``shoprl compare`` with two runs of two arms."""
    arms = {
        name: {
            "rollouts": count,
            "score": 100 * success,
            "score_interval": [100 * success - 5, 100 * success + 5],
            "success_rate": success,
            "success_rate_interval": [success - 0.05, success + 0.05],
            "probability_best": best,
        }
        for name, count, success, best in (("rule", 20, 0.25, 0.01), ("dpo", 180, 0.5, 0.99))
    }
    runs = [{"run": number, "arms": arms, "regret": 5.0} for number in (0, 1)]
    played = {"objective": "success", "allocation": "thompson", "rollouts": 100, "batch": 10}
    settings = {"split": "eval", "config": {"seed": 4, "objective": "success"}, "budget": None, "seed": None}
    run_folder(folder, None, settings=settings)
    hashes = {"catalog": "c" * 64, "goals": "a" * 64}
    results = {"thompson": {**played, "arms": arms, "runs": runs}, "hashes": hashes, "seed": 4}
    (folder / "results.json").write_text(json.dumps({**results, "wall_seconds": {"rollouts": 3.5}}))
    return folder


def add_log(folder: Path, name: str, **values: float) -> None:
    """A training's log of three rows."""
    rows = [{"update": update, "learning_rate": 0.1, **values} for update in (10, 20, 30)]
    write_json_lines(folder / "training" / name / "log.jsonl", rows)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
