"""A valid command line for every command, and the files it needs, made once for all tests of a session."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from shoprl.cli import main
from shoprl.shop.data import read_data
from shoprl.shop.goal import write_goals
from tests.support.attacks import Option, options
from tests.support.blocks import run_shoprl
from tests.support.fakequery import find_me
from tests.support.fakerun import shared_run, use_fake_backbone
from tests.support.imitation_file import toy_rows, write_file
from tests.support.published import checkpoint, write
from tests.support.recorder import toy_recordings, write_recordings
from tests.support.site_logs import BUY, SEARCH, SHOE, goal_for, log_rows, write_log
from tests.support.tiny_bert import tiny_bert
from tests.support.toyshop import toy_goals, write_toy_folder

DATA, OUT, THREADS = {"data": "{run}/data"}, {"out": "{out}"}, {"threads": "1"}
DEMONSTRATIONS = {"demonstrations": "{run}/trajectories/expert.jsonl.gz"}
POLICY = {"policy": "{run}/policies/imitation"}
DATABASE, KEY_ID = {"database": "sqlite:///{feedback}"}, "0123456789ab"
LOOP = {"updates": "2", "batch_size": "2", "checkpoint_every": "1", "log_every": "1", "warmup": "1", **THREADS}
RL = {**LOOP, "demonstrated": "2", "max_steps": "4"}
PPO = {"updates": "4", "epochs": "2", "minibatches": "2", "checkpoint_every": "4"}

# command -> name of a field -> value; {run} and so on are folders and files of the world
VALID: Mapping[str, Mapping[str, str]] = {
    "reproduce": {**OUT, "budget": "tiny", **THREADS},
    "recommend": {"request": "a red mug", "run": "{run}", "runs": "2"},
    "train imitation": {**DATA, **OUT, **DEMONSTRATIONS, **LOOP},
    "train dpo": {**DATA, **OUT, **DEMONSTRATIONS, **POLICY, **LOOP},
    "train policy-gradient": {**DATA, **OUT, **POLICY, **RL},
    "train ppo": {**DATA, **OUT, **POLICY, **RL, **PPO},
    "train self-learning": {**DATA, **OUT, **POLICY, **LOOP, "trajectories": "4"},
    "pretrain": {**OUT, "size": "tiny", **THREADS},
    "adapt": {**DATA, **OUT, "policy": "{judge}", "size": "tiny", **THREADS},
    "train-query": {"pairs": "{typed}/pairs.json", "goals": "{typed}/goals.json", **OUT, "updates": "2", **THREADS},
    "evaluate": {**DATA, **POLICY, "first": "2", **THREADS},
    "compare": {**DATA, **OUT, "arms": "rule imitation={run}/policies/imitation", "rollouts": "8", "runs": "1"},
    "study": {"names": "learners", **DATA, **OUT, "seeds": "0", "size": "tiny", **THREADS},
    "goals": {**DATA, "first": "3"},
    "report": {"runs": "{run}", "out": "{out}"},
    "catalog generate": {**OUT, "products": "20"},
    "catalog import": {"files": "{feed}", **OUT},
    "catalog update": {"data": "{shop}", "files": "{feed}"},
    "catalog build": {**DATA, **OUT},
    "catalog attributes": {**DATA, **OUT},
    "catalog split": {**DATA, **OUT},
    "catalog goals": {**DATA, **OUT},
    "catalog vectors": {"data": "{stored}", **THREADS},
    "catalog words": {"data": "{stored}", "policy": "{judge}", **THREADS},
    "catalog verify": {"data": "{stored}"},
    "trajectories show": {"file": "{run}/trajectories/expert.jsonl.gz", **DATA, "first": "3"},
    "trajectories filter": {"file": "{run}/trajectories/expert.jsonl.gz", **OUT, **DATA},
    "trajectories stats": {"file": "{run}/trajectories/expert.jsonl.gz"},
    "trajectories import": {"source": "{logs}", "format": "site-logs", "data": "{toy}", **OUT},
    "trajectories demonstrate": {**DATA, **OUT, "count": "3"},
    "trajectories export": {"file": "{run}/trajectories/expert.jsonl.gz", **DATA, **OUT},
    "preferences make": {**DATA, **OUT, **DEMONSTRATIONS, **POLICY, **THREADS},
    "preferences show": {"file": "{pairs}"},
    "preferences stats": {"file": "{pairs}"},
    "preferences export": {"file": "{pairs}", **OUT},
    "serve": {"catalog": "{toy}", "policy": "rule", "workers": "1"},
    "mcp": {"catalog": "{toy}", "policy": "rule", "workers": "1"},
    "learn": {"data": "{toy}", **OUT, "from_": DATABASE["database"], "updates": "2", "guard_goals": "1", **THREADS},
    "keys make": {**DATABASE, "name": "web shop"},
    "keys list": {**DATABASE},
    "keys revoke": {"key_id": KEY_ID, **DATABASE},
    "replay-decision": {"decision_id": "d_1", "catalog": "{toy}", **DATABASE},
    "env-server": {**DATA},
    "parity": {"data": "{toy}", "golden": "{golden}"},
    "convert": {"checkpoint": "{checkpoint}", "tokenizer": "{tokenizer}", "heads": "2", **OUT},
    "bench env": {"data": "{toy}", "golden": "{golden}", "passes": "1"},
    "bench search": {"data": "{toy}", "golden": "{golden}"},
    "bench quality": {"data": "{stored}", "judgements": "{judgements}", **THREADS},
    "bench off-policy": {"logs": "{impressions}"},
    "bench recommend": {"data": "{toy}", "policy": "rule-options", "requests": "2", "runs": "1", **THREADS},
    "bench startup": {"data": "{toy}"},
    "bench memory": {"data": "{toy}"},
    "bench update": {"data": "{stored}", "rows": "4"},
    "bench import": {**OUT, "sizes": "100"},
    "bench scale": {**OUT, "sizes": "100"},
    "bench feedback": {**OUT, "tastes": "price", "seeds": "0", "products": "100", "sessions": "4", "rounds": "1"},
    "bench learn": {"data": "{toy}", "updates": "16", "titles": "4", "size": "tiny", **THREADS},
}  # fmt: skip
IMPRESSIONS = "item_id,position,click,propensity_score\n0,1,1,0.5\n1,1,0,0.5\n1,2,0,0.5\n0,2,1,0.5\n"
FEED = "id,title,price,color\n" + "".join(f"{n},Mug number {n},{n}.50 USD,red|blue\n" for n in range(1, 13))
ENDLESS = ("env-server", "serve", "mcp")  # when nothing is wrong
LONG = (
    "pretrain",
    "adapt",
    "bench feedback",
    "bench learn",
    "bench import",
    "bench scale",
    "bench memory",
    "bench recommend",
    "bench startup",
    "study",
    "reproduce",
)  # when nothing is wrong


@dataclass(frozen=True)
class World:
    """The files.

    Attributes:
        folder: where they are.
    """

    folder: Path

    def places(self, out: Path) -> dict[str, str]:
        """What the placeholders of :data:`VALID` stand for."""
        names = {"toy": "toy", "stored": "stored", "golden": "golden", "typed": "typed", "logs": "logs", "shop": "shop"}
        names |= {"impressions": "impressions"}
        files = {"feed": "feed.csv", "run": "run", "pairs": "pairs.jsonl", "judgements": "judgements.csv"}
        files |= {"feedback": "feedback.db"}
        files |= {"checkpoint": "choice_il_epoch9.pth", "judge": "judging/policy"}
        places = {name: str(self.folder / place) for name, place in (names | files).items()}
        return places | {"tokenizer": str(tiny_bert()), "out": str(out)}

    def values(self, name: str, out: Path) -> dict[str, str]:
        """Field -> value of a command's valid line."""
        return {field: value.format(**self.places(out)) for field, value in VALID[name].items()}

    def words(self, name: str, place: Path, **others: str) -> list[str]:
        """A command's valid line with other values of some fields."""
        values = self.values(name, place) | others
        own = {option.name: option for option in options(main.load(name))}
        return [word for field, value in values.items() for word in _given(own[field], value, field in others)]


def _given(option: Option, value: str, whole: bool) -> list[str]:
    return option.given(*([value] if whole else value.split())) if option.several else option.given(value)


def shared_world(factory: pytest.TempPathFactory) -> World:
    """One world for all tests of a session, whichever worker runs them."""
    run, _ = shared_run(factory)
    base = run.parent
    world = World(base / "world")
    with FileLock(base / "world.lock"):
        if not (base / "world.done").is_file():
            _make(world.folder, run)
            (base / "world.done").touch()
    return world


def _make(folder: Path, run: Path) -> None:
    shutil.copytree(run, folder / "run")
    write_toy_folder(folder / "toy")
    write_goals(folder / "toy" / "goals.jsonl", toy_goals())
    shutil.copytree(folder / "toy", folder / "stored")
    _shoprl("catalog", "build", "--data", folder / "stored")
    (folder / "feed.csv").write_text(FEED)
    _shoprl("catalog", "import", folder / "feed.csv", "--out", folder / "shop")
    write_recordings(folder / "golden", toy_recordings())
    (folder / "typed").mkdir()
    typed = find_me()[:48]
    (folder / "typed" / "pairs.json").write_text(json.dumps({each.instruction: list(each.queries) for each in typed}))
    (folder / "typed" / "goals.json").write_text(json.dumps([each.instruction for each in typed]))
    data = read_data(folder / "toy")
    write_log(
        folder / "logs" / "1.jsonl", log_rows([SEARCH, SHOE, "click[red]", BUY], goal_for("B0SHOE0002", data), data)
    )
    write_file(folder / "il.jsonl", toy_rows())
    (folder / "judgements.csv").write_text("query,docid,rating\nshoe,B0SHOE0001,3\n")
    _write_database(folder / "feedback.db", folder / "toy")
    (folder / "impressions").mkdir()
    for name in ("random", "bts"):
        (folder / "impressions" / f"{name}.csv").write_text(IMPRESSIONS)
    write(folder, checkpoint())
    shown = folder / "run/trajectories/expert.jsonl.gz"
    _shoprl(
        *("train", "imitation", "--data", folder / "run/data", "--demonstrations", shown, "--network", "match"),
        *("--updates", 2, "--checkpoint-every", 2, "--log-every", 1, "--threads", 1, "--out", folder / "judging"),
    )
    _shoprl(
        *("preferences", "make", "--data", folder / "run/data", "--policy", folder / "run/policies/imitation"),
        *("--demonstrations", shown, "--out", folder / "pairs.jsonl"),
    )


def _write_database(path: Path, shop: Path) -> None:
    """A service's database with a key and a decision."""
    from sqlalchemy import insert

    from shoprl.service.arms import Arm, allocate
    from shoprl.service.database import close_database, open_database, writing
    from shoprl.service.decisions import keep
    from shoprl.service.policies import version_of
    from shoprl.service.tables import keys
    from tests.support.service import decision

    settings = {"k": 1, "runs": 1, "seed": 0, "temperature": 0.0, "min_fit": 0.1, "filters": {}, "folder": "rule"}
    version, hashed = version_of("rule"), read_data(shop).catalog.content_hash
    drawn = allocate([Arm("rule", version)], 0).to_json()
    made = decision(settings=settings, allocation=drawn, policy="rule", policy_version=version, shop=hashed)
    engine = open_database(f"sqlite:///{path}")
    with writing(engine) as connection:
        keep(connection, [made])
        row = {"key_id": KEY_ID, "name": "shop", "digest": "0" * 64, "scopes": ["admin"], "made_at": 1.0}
        connection.execute(insert(keys), [row])
    close_database(engine)


def _shoprl(*words: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        use_fake_backbone(patch)
        code, printed = run_shoprl(["shoprl", *map(str, words)], patch)
    assert code == 0, printed[-2000:]
