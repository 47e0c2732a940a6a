from pathlib import Path

import pytest

from shoprl.service.config import ServiceConfig
from shoprl.service.database import reading, writing
from shoprl.service.deciding import Clock, job_of
from shoprl.service.decisions import find
from shoprl.service.filters import Filters
from shoprl.service.policies import register
from shoprl.service.replay import replay
from tests.support.clock import Clock as Hands
from tests.support.serving import REQUEST, Served, running


def test_a_clock_never_runs_back() -> None:
    hands = Hands()
    clock = Clock(hands)
    assert clock() == 100
    hands.now = 50
    assert clock() == 100
    hands.now = 101
    assert clock() == 101


def test_a_clock_set_back_makes_no_feedback_late(served: Served) -> None:
    made = served.ask()
    served.hands.now -= 10**6
    told = {"event_id": "e", "decision_id": made["decision_id"], "item_id": "x", "type": "click"}
    assert served.tell(told) == ["accepted"]


def test_a_decision_is_kept_as_it_was_answered(served: Served) -> None:
    made = served.ask(k=3, filters={"price": {"max": 90}, "exclude": ["B0TEA00001"]}, seed=4)
    with reading(served.service.engine) as connection:
        kept = find(connection, made["decision_id"])
    assert kept is not None
    assert [each.shown | {"position": each.position} for each in kept.items] == made["items"]
    job = job_of(kept)
    assert job == served.workers.jobs[-1]
    assert job.filters == Filters(price_max=90.0, exclude=("B0TEA00001",))


def test_a_decision_is_made_again_from_its_log(served: Served) -> None:
    served.client.post("/v1/policies/plain/activate", json={"role": "candidate"})
    for seed in range(6):
        made = served.ask(seed=seed, request=REQUEST)
        with reading(served.service.engine) as connection:
            kept = find(connection, made["decision_id"])
        assert kept is not None
        again = replay(kept, served.workers.shopper)
        assert (again.same_policy, again.same_items) == (True, True)


@pytest.mark.parametrize("worse", [False, True])
def test_a_candidate_whose_lists_earn_more_takes_the_place_unless_the_guard_holds_it_back(
    tmp_path: Path, worse: bool
) -> None:
    config = ServiceConfig(reward_window=10.0, rate=1e6, floor=0.5)
    with running(f"sqlite:///{tmp_path / 'a.db'}", config) as served:
        assert served.service.decider.settle()  # nothing is compared
        with writing(served.service.engine) as connection:
            evidence = {"guard": {"candidate": {"worse": worse}}}
            register(connection, "new", "rule", 1.0, "candidate", evidence=evidence)
        for seed in range(160):
            made = served.ask(seed=seed)
            if made["policy"] == "new":
                about = {"decision_id": made["decision_id"], "item_id": made["items"][0]["id"]}
                served.tell(about | {"event_id": str(seed), "type": "purchase"})
        assert not served.service.decider.settle()  # no window is over yet
        served.hands.now += 60
        assert served.service.decider.settle()
        roles = {each["name"]: each["role"] for each in served.client.get("/v1/policies").json()["results"]}
        new, old = ("candidate", "active") if worse else ("active", "off")
        assert roles == {"new": new, "plain": "off", "pretrained": old}
