"""Every command that goes on after it was cut off, killed at random moments: it ends as if nothing had happened."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load

from shoprl.cli import main
from tests.support.attacks import options
from tests.support.fakerun import command, environment
from tests.support.killing import finished, killed_and_resumed, moments
from tests.support.world import World

# command -> what makes it last longer than its start; how it goes on where that is not --resume
LASTING: dict[str, dict[str, str]] = {
    "reproduce": {},
    "train imitation": {"updates": "400", "checkpoint_every": "20", "log_every": "10"},
    "train dpo": {"updates": "200", "checkpoint_every": "20", "log_every": "10"},
    "train policy-gradient": {"updates": "12"},
    "train ppo": {"updates": "24"},
    "train self-learning": {"updates": "60", "rounds": "2"},
    "pretrain": {},
    "adapt": {},
    "train-query": {"updates": "400"},
    "compare": {"rollouts": "200", "batch": "8"},
    "study": {},
    "catalog build": {},
    "catalog generate": {"products": "3000"},
}
AGAIN = ("catalog build", "catalog generate", "study")  # called again as they were
TIMES = ("seconds", "wall_seconds", "processor_seconds", "started", "ended", "earlier", "command", "commit", "machine")


def test_every_command_that_resumes_is_killed() -> None:
    resuming = {name for name in main.COMMANDS if any(each.name == "resume" for each in options(main.load(name)))}
    assert resuming <= set(LASTING)


def made(out: Path) -> dict[str, Any]:
    """What a command made, but for times and pictures."""
    left = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.is_dir() or "tensorboard" in path.parts or path.suffix in (".png", ".html", ".md"):
            continue
        assert not path.name.endswith(".tmp"), f"{name} is left"
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if path.suffix == ".safetensors":  # whose metadata stand in any order
            left[name] = (_metadata(data), {key: each.tolist() for key, each in load(data).items()})
        else:
            left[name] = _timeless(json.loads(data)) if path.suffix == ".json" else data
    for name in ("run.json", "digests.json", "verified.json", "store.json"):  # of this place and time
        left.pop(name, None)
    return left


def _metadata(data: bytes) -> Any:
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key not in TIMES}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


@pytest.mark.hostile
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", LASTING)
def test_killed_and_called_again(world: World, tmp_path: Path, name: str, record_property: Any) -> None:
    outs = [tmp_path / "whole" / "out", tmp_path / "killed" / "out"]
    for out in outs:
        out.parent.mkdir()
    lines = [command(*name.split(), *world.words(name, out, **LASTING[name])) for out in outs]
    again = [] if name in AGAIN else ["--resume"]
    seconds = finished(lines[0], environment())
    kills = killed_and_resumed(lines[1], [*lines[1], *again], moments(len(name), 0.9 * seconds), environment())
    for _ in range(kills):
        record_property("attack", f"{name}, killed")
    whole, killed = map(made, outs)
    assert set(killed) == set(whole)
    assert [path for path in whole if killed[path] != whole[path]] == []
    assert [path.name for path in (tmp_path / "killed").iterdir() if path.name != f".out{'.lock'}"] == ["out"]
