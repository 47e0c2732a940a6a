from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra train")

from shoprl.errors import ConfigError, TrajectoryError
from shoprl.evaluation.statistics import Estimate
from shoprl.policies.saving import load_learned, save_policy
from shoprl.service.database import open_database, reading, writing
from shoprl.service.decisions import Listed, keep
from shoprl.service.feedback import record
from shoprl.service.guarding import Guard
from shoprl.service.learning import (
    LearnConfig,
    Learned,
    check_enough,
    learn,
    next_name,
    off_policy,
    parent_of,
    read_feedback,
    register_learned,
    split_by_request,
    too_little,
)
from shoprl.service.policies import find_policy, register
from shoprl.service.preferences import Counts, counted
from shoprl.training.lists import ListConfig
from tests.support.fakes import fake_store
from tests.support.lists import red_lists
from tests.support.matching import match_policy
from tests.support.service import decision, happened
from tests.support.toyshop import EVERYTHING, toy_data

QUICK = LearnConfig(
    ListConfig(updates=20, warmup=2, checkpoint_every=20, log_every=10, batch_size=8), least=4, new=3, guard=2
)
WORSE = Guard(9, Estimate(-0.2, -0.3, -0.1), Estimate(0.0, -0.1, 0.1))
WISHES = ("shoe", "lamp", "tea", "shirt", "red", "linen")


def decided(engine, count, first=0):
    """Decisions whose second item is bought, of six requests."""
    asins = [product.asin for product in toy_data().shop.catalog]
    rng = np.random.default_rng(first)
    with writing(engine) as connection:
        for number in range(first, first + count):
            shown = rng.permutation(asins)[:3].tolist()
            items = [Listed(place, asin, 0.5, {"estimated_fit": 0.5}) for place, asin in enumerate(shown, start=1)]
            request = f"{EVERYTHING} {WISHES[number % len(WISHES)]}"
            made = decision(f"d_{number}", request=request, items=tuple(items), settings={"temperature": 0.1})
            keep(connection, [made])
            record(connection, [happened(f"e{number}", decision_id=f"d_{number}", item_id=shown[1], type="purchase")],
                   150.0)  # fmt: skip


@pytest.fixture
def engine(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    decided(engine, 12)
    yield engine
    engine.dispose()


def load():
    return match_policy(3)


def test_a_policy_is_learned_with_a_control_and_registered_with_its_evidence(engine, tmp_path):
    feedback, data = read_feedback(engine, QUICK), toy_data()
    assert feedback.counts.rules["bought"] == feedback.counts.pairs == 12
    learned = learn(tmp_path / "out", data.shop, data, feedback, load, "learned-1", QUICK)
    assert set(learned.evidence["guard"]) == {"candidate", "control"}
    assert learned.guard.goals == 2
    assert learned.evidence["learned_from"]["lists"] == 10  # and those of a sixth of the requests are held out
    assert {"parent", "candidate", "control", "candidate_less_parent"} <= set(learned.evidence["held_out"])
    assert set(learned.evidence["off_policy"]["candidate"]) == {"ips", "snips", "doubly_robust"}
    parent = parent_of(engine, None)
    made = register_learned(engine, learned, tmp_path / "out" / "policy", parent, "candidate", 300.0)
    assert (made.name, made.role, made.parent) == ("learned-1", "candidate", "pretrained")
    with reading(engine) as connection:
        assert find_policy(connection, "learned-1").evidence["pairs"]["rules"]["bought"] == 12
    loaded = load_learned(tmp_path / "out" / "policy", fake_store())
    assert (loaded.name, loaded.model.config.taste) == ("learned-1", 32)
    assert next_name(engine) == "learned-2"


def test_learning_twice_gives_equal_weights(engine, tmp_path):
    feedback, data = read_feedback(engine, QUICK), toy_data()
    config = replace(QUICK, guard=0)
    files = []
    for name in ("one", "two"):
        learn(tmp_path / name, data.shop, None, feedback, load, "new", config)
        files.append([(tmp_path / name / part / "model.safetensors").read_bytes() for part in ("policy", "control")])
    assert files[0] == files[1]
    assert files[0][0] != files[0][1]


def evidence_of(pairs):
    return {"pairs": replace(counted([], {}), pairs=pairs).to_json()}


def test_nothing_is_learned_twice(engine, tmp_path):
    counts, parent = read_feedback(engine, QUICK).counts, parent_of(engine, None)
    assert too_little(engine, parent, counts, QUICK) is None
    with writing(engine) as connection:
        register(connection, "learned-1", "rule", 1.0, "off", "pretrained", evidence_of(counts.pairs))
    said = too_little(engine, parent, counts, QUICK)
    assert said is not None
    assert said.startswith("Too little new feedback: 0 preference pairs")
    decided(engine, 3, first=20)
    assert too_little(engine, parent, read_feedback(engine, QUICK).counts, QUICK) is None
    with writing(engine) as connection:  # what the parent itself was learned from is not new
        register(connection, "learned-2", "rule", 2.0, "active", "learned-1", evidence_of(15))
    counts = read_feedback(engine, QUICK).counts
    assert too_little(engine, parent_of(engine, None), counts, QUICK) is not None


def test_too_few_pairs_are_refused(engine):
    with pytest.raises(TrajectoryError, match="12 preference pairs, and 100 are needed"):
        check_enough(read_feedback(engine, LearnConfig()).counts, LearnConfig())


def test_the_parent_is_the_active_policy_or_the_one_named(engine):
    assert parent_of(engine, None).folder == parent_of(engine, "pretrained").folder == "pretrained"
    with writing(engine) as connection:
        register(connection, "mine", "rule", 1.0, "active")
    assert parent_of(engine, None).name == "mine"
    with pytest.raises(ConfigError, match=r"from_policy 'other': no such policy. Known: mine"):
        parent_of(engine, "other")


def test_a_policy_with_worse_lists_becomes_a_candidate_at_most_unless_forced(engine, tmp_path):
    learned, parent = Learned(match_policy(), match_policy(), {}, WORSE), parent_of(engine, None)
    save_policy(learned.policy, tmp_path / "policy")
    for name, wanted, force, given in (
        ("worse", "active", False, "candidate"),
        ("forced", "active", True, "active"),
        ("asked", "off", False, "off"),
    ):
        learned.policy.name = name
        assert register_learned(engine, learned, tmp_path / "policy", parent, wanted, 1.0, force).role == given


def test_requests_are_on_one_side(engine):
    log = read_feedback(engine, QUICK).log
    own, held = split_by_request(log, 0.5, np.random.default_rng(0))
    assert len(own) + len(held) == len(log)
    assert {each.decision.request for each in own}.isdisjoint(each.decision.request for each in held)
    assert split_by_request(log, 0.0, np.random.default_rng(0))[1] == []


def test_only_the_newest_decisions_are_held(engine):
    feedback = read_feedback(engine, replace(QUICK, most=2))
    assert [each.decision.decision_id for each in feedback.log] == ["d_10", "d_11"]
    assert feedback.counts.pairs == 12
    assert isinstance(feedback.counts, Counts)


def test_the_policy_that_made_lists_would_make_them_with_the_logged_propensities():
    policy = match_policy()
    data = red_lists(policy, 6)
    target, listed = off_policy(policy, data)
    assert target.shape == (6, 4)
    assert listed.all()
    assert np.allclose(target, [each.propensities for each in data], atol=1e-4)
