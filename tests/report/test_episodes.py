from pathlib import Path

from shoprl.report.episodes import compared_episodes
from shoprl.report.runs import read_runs
from shoprl.rollouts.records import Episode
from shoprl.shop.data import read_data
from shoprl.shop.goal import goals_hash
from shoprl.trajectories.files import write_trajectories
from tests.support.folders import add_episodes, row, run_folder
from tests.support.toyshop import toy_data, write_toy_folder

REWARDS = {"rule": [0.0, 1.0, 0.5, 0.2, 0.9], "dpo": [1.0, 1.0, 0.6, 1.0, 0.0]}


def test_goals_on_which_agents_differ_most_come_first(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", {"dpo": row(0.5, 1), "rule": row(0.1, 1)})
    add_episodes(run, REWARDS)
    compared = compared_episodes(read_runs([run]))
    data = toy_data()
    assert compared.run is not None
    assert [goal.title for goal in compared.goals] == [data.goals[i].instruction for i in (0, 4, 3)]
    assert [goal.opened for goal in compared.goals] == [True, False, False]
    first = compared.goals[0].episodes
    assert [(episode.agent, episode.reward) for episode in first] == [("dpo", "1.00"), ("rule", "0.00")]
    title = data.catalog[data.goals[0].asin].title
    assert first[0].bought == title
    assert first[0].steps[1][1] == f"{title}, on results"
    assert first[0].steps[2] == ("click[buy now]", "on item, probability 0.50")


def test_without_the_data_products_are_asins(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", {})
    add_episodes(run, REWARDS | {"dpo-sample": [0.0] * 5}, data=False)
    compared = compared_episodes(read_runs([run]))
    assert [episode.agent for episode in compared.goals[0].episodes] == ["dpo", "rule"]
    assert compared.goals[0].title == "goal 0"
    assert compared.goals[0].episodes[0].bought == toy_data().goals[0].asin
    assert "ASINs" in compared.notes[0]


def test_of_many_agents_the_best_and_the_worst_are_shown(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", {})
    add_episodes(run, {name: [i / 10] for i, name in enumerate("abcdef")}, data=False)
    compared = compared_episodes(read_runs([run]))
    assert [episode.agent for episode in compared.goals[0].episodes] == ["a", "b", "e", "f"]
    assert "Of 6 agents" in compared.notes[1]


def test_an_agent_with_other_goals_is_left_out(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", {})
    add_episodes(run, {"a": [0.0, 1.0], "b": [1.0], "c": [1.0, 1.0]}, data=False)
    compared = compared_episodes(read_runs([run]))
    assert [episode.agent for episode in compared.goals[0].episodes] == ["a", "c"]


def test_the_first_run_with_two_agents_tells(tmp_path: Path) -> None:
    runs = [run_folder(tmp_path / name, {}) for name in "ab"]
    add_episodes(runs[0], {"a": [0.0]}, data=False)
    assert compared_episodes(read_runs(runs)).run is None
    add_episodes(runs[1], {"a": [0.0], "b": [1.0]}, data=False)
    compared = compared_episodes(read_runs(runs))
    assert compared.run is not None
    assert compared.run.name == "b"


def test_goals_in_the_order_of_earlier_versions_are_found_again(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", {})
    write_toy_folder(tmp_path / "data")
    goals = read_data(tmp_path / "data", goals="synthetic-numpy").goals
    for agent, values in REWARDS.items():
        episodes = [Episode(i, (), reward, True, asin=goals[i].asin) for i, reward in enumerate(values)]
        write_trajectories(run / "episodes" / "test" / f"{agent}.jsonl.gz", episodes, goals_hash(goals))
    compared = compared_episodes(read_runs([run]))
    assert [goal.title for goal in compared.goals] == [goals[i].instruction for i in (0, 4, 3)]
