from pathlib import Path

import pytest

from tests.support.cli import Call
from tests.support.folders import row, run_folder


@pytest.fixture(autouse=True)
def _needs_extras() -> None:
    pytest.importorskip("matplotlib")


def test_a_report_is_written_and_told(call: Call, tmp_path: Path) -> None:
    runs = [run_folder(tmp_path / f"run-{seed}", {"dpo": row(0.45 + seed / 100, 50)}, seed) for seed in (0, 1)]
    out, marked = tmp_path / "r.html", tmp_path / "r.md"
    answer = call("report", *runs, "--out", out, "--markdown", marked, "--title", "Mine", "--json")
    assert answer.code == 0
    told = answer.json()
    assert (told["html"], told["markdown"]) == (str(out), str(marked))
    assert told["groups"][0]["runs"] == ["run-0", "run-1"]
    assert told["groups"][0]["agents"]["dpo"]["success_rate"]["mean"] == pytest.approx(0.455)
    assert "<title>Mine</title>" in out.read_text()
    assert marked.read_text().startswith("# Mine\n")
    plain = call("report", *runs, "--out", out)
    assert "45.5% [39.1, 51.9]" in plain.out  # 95% over two seeds: 12.706 x 0.5 points to each side
    assert str(out) in plain.out


def test_errors_say_what_to_do(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    answer = call("report", tmp_path, "--out", out)
    assert answer.code == 2
    assert answer.err.startswith("RunError: ")
    assert "run.json" in answer.err
    assert not out.exists()


def test_the_page_of_a_reproduction(call: Call, finished_run: tuple[Path, str], tmp_path: Path) -> None:
    answer = call("report", finished_run[0], "--out", tmp_path / "r.html", "--json")
    assert answer.code == 0, answer.err
    text = (tmp_path / "r.html").read_text()
    for part in ("Differences between agents", "Thompson sampling", "Where agents differ", "dpo less control"):
        assert part in text
    assert str(finished_run[0].parent) not in text
