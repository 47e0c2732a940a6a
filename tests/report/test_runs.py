from pathlib import Path

import pytest

from shoprl.errors import RunError
from shoprl.report.runs import grouped, read_runs
from tests.support.folders import compare_folder, row, run_folder, train_folder

AGENTS = {"dpo": row(0.5, 60)}


def test_seeds_of_one_recipe_make_a_batch(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path / str(seed), AGENTS, seed) for seed in (3, 1)]
    (group,) = grouped(read_runs(folders))
    (batch,) = group.batches
    assert [run.seed for run in batch.runs] == [3, 1]
    assert list(group.agents()) == ["dpo"]


def test_a_study_stands_for_its_seeds(tmp_path: Path) -> None:
    for seed in (10, 0, 2):
        run_folder(tmp_path / "learners" / f"seed-{seed}", AGENTS, seed)
    assert [run.seed for run in read_runs([tmp_path / "learners"])] == [0, 2, 10]


def test_other_settings_are_another_batch_and_named(tmp_path: Path) -> None:
    folders = [
        run_folder(tmp_path / "a", AGENTS, 0, settings={"sizes": {"seed": 0}}),
        run_folder(tmp_path / "b", AGENTS, 1, settings={"sizes": {"seed": 1}}),
        run_folder(tmp_path / "c", AGENTS, 2, settings={"budget": "quick"}),
        run_folder(tmp_path / "d", AGENTS, 3, settings={"budget": "quick", "updates": 5}),
    ]
    (group,) = grouped(read_runs(folders))
    assert [[run.name for run in batch.runs] for batch in group.batches] == [["a", "b"], ["c"], ["d"]]
    assert list(group.agents()) == ["dpo (tiny)", "dpo (quick, c)", "dpo (quick, d)"]


def test_a_seed_is_counted_once(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path / name, AGENTS, 7) for name in "ab"]
    (group,) = grouped(read_runs(folders))
    assert [len(batch.runs) for batch in group.batches] == [1, 1]


def test_data_that_is_not_known_is_its_own_group(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path / n, AGENTS, i, settings={"hashes": None}, hashes=None) for i, n in enumerate("ab")]
    assert len(grouped(read_runs(folders))) == 2


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    folders = [run_folder(tmp_path / parent / "run", AGENTS, i) for i, parent in enumerate("ab")]
    assert [run.name for run in read_runs(folders)] == ["a/run", "b/run"]


def test_older_results_name_their_comparison(tmp_path: Path) -> None:
    old = {"of": "dpo less control, same test goals", "score_difference": {"value": 1, "low": 0, "high": 2}}
    (run,) = read_runs([run_folder(tmp_path / "a", AGENTS, comparison=old)])
    assert list(run.differences) == ["dpo less control"]


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"holds no run\.json.*reproduce"):
        read_runs([tmp_path])
    with pytest.raises(RunError, match="No run folder"):
        read_runs([])
    run = run_folder(tmp_path / "a", AGENTS)
    with pytest.raises(RunError, match="given twice"):
        read_runs([run, tmp_path / "a" / ".." / "a"])
    (run / "results.json").write_text("[]")
    with pytest.raises(RunError, match=r"results\.json: expected a JSON object"):
        read_runs([run])
    (run / "results.json").write_text('{"agents": []}')
    with pytest.raises(RunError, match=r"results\.json: agents is not a JSON object"):
        read_runs([run])


def test_seeds_of_trainings_and_comparisons_are_known(tmp_path: Path) -> None:
    folders = [
        compare_folder(tmp_path / "a"),
        *(train_folder(tmp_path / f"dpo-{i}", "dpo", i, loss=1.0) for i in (3, 5)),
    ]
    runs = read_runs(folders)
    assert [run.seed for run in runs] == [4, 3, 5]
    (group,) = grouped(runs)
    assert [[run.name for run in batch.runs] for batch in group.batches] == [["a"], ["dpo-3", "dpo-5"]]
    assert [batch.label for batch in group.batches] == ["a", "dpo"]
