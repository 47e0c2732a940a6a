from pathlib import Path

from shoprl.report.document import Details, Note, Table
from shoprl.report.runs import grouped, read_runs
from shoprl.report.sections import agent_blocks, difference_blocks, headline_of, licence_note, thompson_blocks
from tests.support.folders import compare_folder, comparison, row, run_folder, train_folder


def test_headlines_of_each_kind_of_run(tmp_path: Path) -> None:
    runs = [
        run_folder(tmp_path / "a", {"rule": row(0.4, 50), "dpo": row(0.5, 60)}, best_policy="policies/rule"),
        compare_folder(tmp_path / "b"),
        train_folder(tmp_path / "c", "ppo", loss=0.5),
        run_folder(tmp_path / "d", {}),
    ]
    headlines = [headline_of(grouped([run])[0]) for run in read_runs(runs)]
    assert [strong for strong, _, _ in headlines] == ["rule", "dpo", "ppo", ""]
    assert headlines[0][1].endswith("in 40.0% of 50 test episodes (95% interval 39.0% to 41.0%).")
    assert headlines[0][2] == "One of 2 agents compared, chosen on the eval goals."
    assert headlines[2][1] == "was trained for 30 updates."
    assert headlines[3][1] == "No agent was scored."


def test_the_meaning_of_brackets_is_said_once_for_one_and_for_several_seeds(tmp_path: Path) -> None:
    runs = read_runs([run_folder(tmp_path / str(seed), {"dpo": row(0.5, 60)}, seed) for seed in (0, 1)])
    for of, said in ((runs[:1], "Brackets: 95% intervals over goals."), (runs, "of several over seeds (Student's t).")):
        notes = [block.text for block in agent_blocks(grouped(of)[0]) if isinstance(block, Note)]
        assert len(notes) == 1
        assert notes[0].endswith(said)


def test_differences_of_each_seed_open_on_demand(tmp_path: Path) -> None:
    folders = [
        run_folder(tmp_path / str(seed), {}, seed, comparisons=[comparison(0.1 * seed, -0.1, 0.3)]) for seed in (1, 2)
    ]
    table, _, details = difference_blocks(grouped(read_runs(folders))[0])
    assert isinstance(table, Table)
    assert [name for name, _ in table.rows] == ["dpo less control"]
    assert isinstance(details, Details)
    (inner,) = details.blocks
    assert isinstance(inner, Table)
    assert [name for name, _ in inner.rows] == ["dpo less control, seed 1", "dpo less control, seed 2"]
    assert len(list(difference_blocks(grouped(read_runs(folders[:1]))[0]))) == 2  # one seed is shown at once


def test_runs_without_arms_have_no_thompson_sampling(tmp_path: Path) -> None:
    assert list(thompson_blocks(read_runs([run_folder(tmp_path / "a", {}, thompson={})]))) == []


def test_no_run_no_licence() -> None:
    assert licence_note(None, True) == ""
