"""``benchmarks/package_agent.py``, which puts a run's agent into the package, on a copy of the package's source."""

import importlib
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from shoprl.errors import ConfigError, PolicyError, RunError
from shoprl.files import sha256_of, write_json
from shoprl.policies import packaged

pytest.importorskip("torch", reason="needs the extra train")

from shoprl.policies.saving import save_policy
from tests.support.fakerun import use_fake_backbone
from tests.support.fakes import fake_policy

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    use_fake_backbone(monkeypatch)
    return importlib.import_module("package_agent")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root, here = tmp_path / "shoprl", Path(packaged.__file__).parents[1]
    (root / "policies").mkdir(parents=True)
    (root / "pretrained").mkdir()
    shutil.copyfile(packaged.__file__, root / "policies" / "packaged.py")
    shutil.copyfile(here / "pretrained" / "MODEL_CARD.md", root / "pretrained" / "MODEL_CARD.md")
    return root


@pytest.fixture
def run(tmp_path: Path) -> Path:
    save_policy(fake_policy(seed=3), tmp_path / "run" / "policy")
    record = {"status": "done", "command": "shoprl pretrain --out RUN", "policy": "policy", "commit": "abc"}
    write_json(tmp_path / "run" / "run.json", {**record, "settings": {"seed": 0, "shape": "a|b"}})
    return tmp_path / "run"


def digests_in(module: Path) -> dict[str, str]:
    names: dict[str, dict[str, str]] = {}
    exec(compile(module.read_text(), str(module), "exec"), {"__file__": str(module)}, names)
    return names["SHA256"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_digests_and_card_are_those_of_the_run(
    script: ModuleType, source: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(tmp_path / "figures.json", [{"goals": "test", "success": "80%"}, {"goals": "unseen", "success": "75%"}])
    pinned = script.package(run, tmp_path / "figures.json", source)
    folder, module = source / "pretrained", source / "policies" / "packaged.py"
    assert digests_in(module) == pinned
    assert sorted(pinned) == ["config.json", "model.safetensors", "policy.json"]
    assert pinned == {name: sha256_of(folder / name) for name in pinned}
    assert sorted(files(folder)) == ["MODEL_CARD.md", *sorted(pinned)]
    card = (folder / "MODEL_CARD.md").read_text()
    for part in ("`shoprl pretrain --out RUN`", "| unseen | 75% |", pinned["model.safetensors"], "a\\|b"):
        assert part in card
    assert "carries no agent yet" not in card
    before = files(source)
    assert script.package(run, None, source) == pinned  # again: the same bytes, the figures kept
    assert files(source) == before
    monkeypatch.setattr(packaged, "FOLDER", folder)
    monkeypatch.setattr(packaged, "SHA256", pinned)
    assert packaged.packaged_folder() == folder


def test_another_agent_takes_its_place(script: ModuleType, source: Path, run: Path) -> None:
    first = script.package(run, None, source)
    save_policy(fake_policy(seed=4), run / "policy")
    second = script.package(run, None, source)
    assert first["model.safetensors"] != second["model.safetensors"]
    assert digests_in(source / "policies" / "packaged.py") == second


def test_what_cannot_be_packaged_changes_nothing(
    script: ModuleType, source: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(source)
    (tmp_path / "figures.json").write_text('[{"a": 1}, {"b": 2}]')
    with pytest.raises(ConfigError, match="same keys"):
        script.package(run, tmp_path / "figures.json", source)
    monkeypatch.setattr(script, "MOST_BYTES", 100)
    with pytest.raises(ConfigError, match="at most 100"):
        script.package(run, None, source)
    (run / "policy" / "config.json").write_bytes(b"{}")
    with pytest.raises(PolicyError, match="not what was saved"):
        script.package(run, None, source)
    record = json.loads((run / "run.json").read_text())
    write_json(run / "run.json", record | {"status": "running"})
    with pytest.raises(RunError, match="did not finish"):
        script.package(run, None, source)
    assert files(source) == before


def test_the_command_line(
    script: ModuleType, source: Path, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script.package, "__defaults__", (source,))
    monkeypatch.setattr(sys, "argv", ["package_agent.py", str(run)])
    script.main()
    assert f"{sha256_of(run / 'policy' / 'config.json')}  config.json" in capsys.readouterr().out
