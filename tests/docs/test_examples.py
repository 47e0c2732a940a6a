"""Every script under examples/ runs as it stands, on a small generated shop."""

import json
import runpy
from pathlib import Path
from unittest.mock import patch

import pytest

from shoprl.experiments.methods import METHODS
from shoprl.policies.saving import NETWORKS

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NEEDS = {"train_language_model.py": "trl", "train_grpo.py": "trl"}  # with others; make test-trl has them
PAGES = [page for page in (ROOT / "docs").rglob("*.md") if "reference/api" not in page.as_posix()]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_example_runs(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(NEEDS.get(example.name, "shoprl"), reason="run by make test-trl")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [example.name])
    monkeypatch.syspath_prepend(str(example.parent))  # as `python examples/NAME.py` has it
    with patch.dict(NETWORKS), patch.dict(METHODS):  # an example may add to them
        runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out, "an example shows what came of it"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_a_page_shows_the_example(example: Path) -> None:
    assert any(f"/examples/{example.name}" in page.read_text(encoding="utf-8") for page in PAGES)


def run_lm(monkeypatch: pytest.MonkeyPatch, *options: object) -> None:
    pytest.importorskip("trl", reason="run by make test-trl")
    script = ROOT / "examples" / "train_language_model.py"
    monkeypatch.setattr("sys.argv", [script.name, *map(str, options)])
    runpy.run_path(str(script), run_name="__main__")


@pytest.mark.parametrize("kind", ["lm", "chat"])
def test_train_language_model_says_how_its_model_shops(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"prompt": f"a page {number}", "completion": "click[buy now]"} for number in range(4)]
    if kind == "chat":
        rows = [
            {
                "prompt": [{"role": "user", "content": row["prompt"]}],
                "completion": [{"role": "assistant", "content": row["completion"]}],
            }
            for row in rows
        ]
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    run_lm(monkeypatch, "--file", tmp_path / "rows.jsonl", "--out", tmp_path / "out", "--steps", 1)
    assert f"--policy {kind}:{tmp_path / 'out' / 'model'} --data" in capsys.readouterr().out


def test_train_language_model_refuses_an_adapter_of_an_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(SystemExit, match="is an adapter"):
        run_lm(monkeypatch, "--lora", 4, "--model", tmp_path)
