"""WebShop's imitation file. The real one cannot be had here: files in its form are written from recorded episodes."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shoprl.errors import TrajectoryError
from shoprl.shop.data import ShopData, read_data
from shoprl.trajectories.imitation_file import import_imitation_file, read_imitation_file
from tests.support.imitation_file import Row, imitation_row, toy_rows, write_file
from tests.support.realdata import real_data


@pytest.fixture
def rows() -> list[Row]:
    return toy_rows()


@pytest.fixture
def path(tmp_path: Path, rows: list[Row]) -> Path:
    return write_file(tmp_path / "il.jsonl", rows)


# On the recordings of the original WebShop.


@pytest.fixture(scope="module")
def recorded() -> list[Row]:
    with gzip.open(real_data() / "golden" / "episodes.jsonl.gz", "rt") as stream:
        return [json.loads(line) for line in stream]


@pytest.fixture(scope="module")
def real(recorded: list[Row]) -> ShopData:
    return read_data(real_data())


def test_recorded_episodes_come_back(real: ShopData, recorded: list[Row], tmp_path: Path) -> None:
    path = write_file(tmp_path / "il.jsonl", [imitation_row(each["steps"], real.catalog) for each in recorded])
    found = import_imitation_file(path, real)
    assert len(found.outcomes) == len(recorded) == 150
    training = [each for each in recorded if each["goal_index"] in real.split.train]
    bought = [each for each in training if each["steps"][-1]["done"]]
    assert found.counts() == {
        "used": len(bought),
        "not bought": len(training) - len(bought),
        "held out": len(recorded) - len(training),
    }
    assert len(bought) >= 5
    for episode, each in zip(found.episodes, bought, strict=True):
        assert episode.goal_index == each["goal_index"]
        assert episode.reward == pytest.approx(each["steps"][-1]["reward"], abs=1e-12)


def test_choices_of_recorded_episodes(real: ShopData, recorded: list[Row], tmp_path: Path) -> None:
    path = write_file(tmp_path / "il.jsonl", [imitation_row(each["steps"], real.catalog) for each in recorded[:40]])
    trajectories, faulty = read_imitation_file(path)
    assert (len(trajectories), faulty) == (40, [])
    for trajectory, each in zip(trajectories, recorded, strict=False):
        assert trajectory.instruction == " ".join(each["steps"][0]["text_rich"].split("\n")[2].split())
        clicks = [action for action in trajectory.actions if action.startswith("click[")]
        assert len(trajectory.decisions) == len(clicks)
        assert trajectory.unclear == 0


# On the toy shop.


def test_choices_without_a_catalogue(path: Path, rows: list[Row]) -> None:
    trajectories, faulty = read_imitation_file(path)
    assert faulty == []
    assert [trajectory.source for trajectory in trajectories] == [f"{path}: line {number}" for number in (1, 2, 3)]
    bought = trajectories[1]
    assert bought.asins == ("B0SHOE0001",)
    assert bought.actions == tuple(rows[1]["actions"])
    first = bought.decisions[0]
    assert first.candidates[first.chosen] == "click[item - nimbus mesh trainer for men]"
    assert first.state == rows[1]["states"][1]
    assert [each.candidates[each.chosen] for each in bought.decisions[1:]] == rows[1]["actions"][2:]


def test_demonstrations_on_the_data_folders_goals(toy: ShopData, path: Path) -> None:
    found = import_imitation_file(path, toy)
    assert [outcome.status for outcome in found.outcomes] == ["held out", "used", "held out"]
    (episode,) = found.episodes
    assert (episode.goal_index, episode.asin, episode.options) == (28, "B0SHOE0001", {"color": "red"})
    assert found.outcomes[1].reward == episode.reward > 0
    assert found.goals == toy.goals


@pytest.mark.parametrize(
    "head",
    [
        "Amazon Shopping Game\nInstruction:{wish}\n[button] Search [button_]",
        "Amazon Shopping Game\nInstruction: \n{wish}\n[button] Search [button_]\n",
        "WebShop [SEP] Instruction: [SEP] {wish} [SEP] Search",
        "WebShop\nInstruction: \n{shouted}, and price lower than 12.34 dollars\n[button] Search [button_]\n",
    ],
)
def test_the_goal_is_found_by_its_wish(toy: ShopData, tmp_path: Path, rows: list[Row], head: str) -> None:
    goal = toy.goals[28]
    wish = goal.instruction
    state = head.format(wish=wish, shouted=f'"{wish.split(", and price")[0].upper()}" ')
    rows[1]["states"][0] = state.removesuffix(" [SEP] Search")
    found = import_imitation_file(write_file(tmp_path / "il.jsonl", rows[1:2]), toy)
    assert [episode.goal_index for episode in found.episodes] == [28]


def test_of_several_goals_the_one_that_was_bought(toy: ShopData, tmp_path: Path, rows: list[Row]) -> None:
    twin = replace(toy.goals[28], asin="B0SHOE0002")
    goals = list(toy.goals)
    goals[20], goals[21] = twin, replace(toy.goals[28], asin="B0SHOE0001")
    goals[28] = replace(toy.goals[28], instruction="something else")
    found = import_imitation_file(write_file(tmp_path / "il.jsonl", rows[1:2]), replace(toy, goals=goals))
    assert [episode.goal_index for episode in found.episodes] == [21]


def test_what_cannot_be_used(toy: ShopData, tmp_path: Path) -> None:
    several = [toy_rows()[1] for _ in range(6)]
    several[0]["states"][0] = "WebShop\nInstruction: \nnothing of the kind\n[button] Search [button_]"
    several[1]["actions"][1] = "click[b0nowhere1]"
    several[2]["actions"][0] = "search[mint meadow]"
    for values in several[3].values():
        values.pop()
    several[4]["actions"].append("click[buy now]")
    for values in several[5].values():
        values.append(values[0])
    found = import_imitation_file(write_file(tmp_path / "il.jsonl.gz", several), toy)
    statuses = ["no goal", "not in the catalogue", "not replayable", "not bought", "malformed", "not replayable"]
    assert [outcome.status for outcome in found.outcomes] == statuses
    assert "B0NOWHERE1" in found.outcomes[1].reason
    assert "step 2 of 6: 'click[b0shoe0001]'" in found.outcomes[2].reason
    assert "step 7 of 7: 'search[nimbus mesh]' comes after the purchase" in found.outcomes[5].reason
    assert "line 5: its lists are empty or of unequal length" in found.outcomes[4].reason
    assert found.episodes == ()


def test_an_index_that_points_elsewhere_is_no_choice(tmp_path: Path, rows: list[Row]) -> None:
    row = rows[1]
    row["action_idxs"][1:5] = [0, 99, True, "2"]
    (trajectory,), _ = read_imitation_file(write_file(tmp_path / "il.jsonl", [row]))
    assert trajectory.unclear == 4
    assert len(trajectory.decisions) == 1


def test_pictures_may_be_left_out(toy: ShopData, tmp_path: Path, rows: list[Row]) -> None:
    del rows[1]["images"]
    assert import_imitation_file(write_file(tmp_path / "il.jsonl", rows), toy).counts()["used"] == 1


def test_a_truncated_file(toy: ShopData, tmp_path: Path, rows: list[Row]) -> None:
    path = write_file(tmp_path / "il.jsonl.gz", rows)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TrajectoryError, match=r"cannot be read .* truncated"):
        import_imitation_file(path, toy)


def put(**fields: object) -> Callable[[Row], None]:
    return lambda row: row.update(fields)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda row: row.pop("states"), "field 'states' is missing"),
        (lambda row: row.pop("actions_translate"), "field 'actions_translate' is missing"),
        (put(states="text"), "field 'states' must be a list"),
        (put(actions=[1, 2]), "field 'actions' must hold texts"),
        (put(actions=["a" * 10_001]), "field 'actions' must hold texts"),
        (put(available_actions=[["click[a]"], "click[b]"]), "field 'available_actions' must be a list"),
        (put(action_idxs={}), "field 'action_idxs' must be a list"),
        (lambda row: row["states"].__setitem__(0, "no such text"), "does not start with an instruction"),
        (lambda row: row["states"].__setitem__(0, "Instruction: [button]"), "does not start with an instruction"),
        (lambda row: [values.clear() for values in row.values()], "empty or of unequal length"),
        (put(actions=["search[x]"] * 1_001), "holds 1001 texts"),
    ],
)
def test_a_malformed_line(
    toy: ShopData, tmp_path: Path, rows: list[Row], fault: Callable[[Row], object], said: str
) -> None:
    fault(rows[0])
    path = write_file(tmp_path / "il.jsonl", rows)
    trajectories, faulty = read_imitation_file(path)
    assert len(trajectories) == 2
    assert (faulty[0].source, faulty[0].status) == (f"{path}: line 1", "malformed")
    assert said in faulty[0].reason
    assert import_imitation_file(path, toy).counts() == {"malformed": 1, "used": 1, "held out": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "holds no line"), (b"{\n", "line 1: invalid JSON"), (b"[]\n", "line 1: expected a JSON object")],
)
def test_a_file_that_is_none(toy: ShopData, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "il.jsonl"
    with pytest.raises(TrajectoryError, match="no such file"):
        read_imitation_file(path)
    path.write_bytes(content)
    for read in (lambda: read_imitation_file(path), lambda: import_imitation_file(path, toy)):
        with pytest.raises(TrajectoryError, match=said):
            read()
