from pathlib import Path

import numpy as np
import pytest

from shoprl.bench.off_policy import Impressions, bench_off_policy, choices_in, estimated, read_impressions, read_logs
from shoprl.errors import LogError

HEADER = "item_id,position,click,propensity_score"
RATES = np.array([[0.1, 0.3, 0.5], [0.05, 0.1, 0.2]])  # of clicks, by position and item
UNIFORM = np.full((2, 3), 1 / 3)
OTHER = np.array([[0.1, 0.3, 0.6], [0.5, 0.2, 0.3]])


def impressions(rng: np.random.Generator, choices: np.ndarray, size: int = 4000) -> Impressions:
    positions = rng.integers(2, size=size)
    items = (rng.random((size, 1)) > choices.cumsum(axis=1)[positions]).sum(axis=1)
    clicks = (rng.random(size) < RATES[positions, items]).astype(float)
    return Impressions(items, positions, clicks, choices[positions, items])


def test_each_log_tells_what_the_other_policy_earned() -> None:
    rng = np.random.default_rng(0)
    logs = {"random": impressions(rng, UNIFORM), "bts": impressions(rng, OTHER)}
    found = bench_off_policy(logs)
    for name, choices in (("thompson_from_uniform", OTHER), ("uniform_from_thompson", UNIFORM)):
        truth = (RATES * choices).sum(axis=1).mean()
        for row in found[name].estimates.values():
            assert row["low"] <= truth <= row["high"]
            assert row["covers"]
            assert row["width"] == row["high"] - row["low"] < 0.06
            assert row["trusted"]
        assert abs(found[name].own - truth) > 0.03
    robust, plain = (found["thompson_from_uniform"].estimates[name] for name in ("doubly_robust", "ips"))
    assert robust["width"] < 0.9 * plain["width"]
    assert found["thompson_from_uniform"].impressions == 4000


def test_choices_are_shares_of_each_position() -> None:
    log = Impressions(np.array([0, 1, 1, 2]), np.array([0, 0, 0, 1]), np.zeros(4), np.full(4, 0.5))
    assert choices_in(log, (3, 3)) == pytest.approx(np.array([[1 / 3, 2 / 3, 0], [0, 0, 1], [0, 0, 0]]))


def test_the_model_is_of_items_at_their_positions() -> None:
    log = impressions(np.random.default_rng(0), UNIFORM)
    sharp = np.zeros((2, 3))
    sharp[:, 2] = 1
    log = Impressions(log.items, log.positions, (log.items == 2) * (log.positions == 0) * 1.0, log.propensities)
    robust = estimated(log, sharp)["doubly_robust"].estimate
    assert robust.value == pytest.approx((log.positions == 0).mean(), abs=0.02)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("item_id,position,click\n1,1,0\n", "line 1: no column 'propensity_score'"),
        (f"{HEADER}\n", "no impressions"),
        (f"{HEADER}\n1,1,0\n", "line 2: has not as many fields"),
        (f"{HEADER}\n1,1,0,0.5,1\n", "line 2: has not as many fields"),
        (f"{HEADER}\n1,1,0,0.5\n-1,1,0,0.5\n", "line 3: item_id '-1'"),
        (f"{HEADER}\n1,0,0,0.5\n", "position '0'"),
        (f"{HEADER}\n1,1,2,0.5\n", "click '2'"),
        (f"{HEADER}\n1,1,1,0\n", "propensity_score '0'"),
        (f"{HEADER}\n1,1,1,nan\n", "propensity_score 'nan'"),
        (f"{HEADER}\n1,1,1,x\n", "propensity_score 'x'"),
        (f'{HEADER}\n1,"1,1,0.5\n', "no CSV"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_malformed_log_is_named_by_line(tmp_path: Path, content: str | bytes, words: str) -> None:
    path = tmp_path / "random.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(LogError, match=words):
        read_impressions(path)


def test_a_folder_holds_one_log_of_each_policy(tmp_path: Path) -> None:
    (tmp_path / "random-men.csv").write_text(f"item,{HEADER}\nx,2,1,1,0.25\n")
    with pytest.raises(LogError, match=r"bts\*.csv"):
        read_logs(tmp_path)
    (tmp_path / "bts-men.csv").write_text(f"{HEADER}\n0,3,0,0.5\n")
    read = read_logs(tmp_path)["random"]
    columns = (read.items, read.positions, read.clicks, read.propensities)
    assert [each.tolist() for each in columns] == [[2], [0], [1.0], [0.25]]
    (tmp_path / "bts-women.csv").write_text(f"{HEADER}\n0,3,0,0.5\n")
    with pytest.raises(LogError, match=r"found bts-men\.csv, bts-women\.csv"):
        read_logs(tmp_path)
