from typing import Any

import pytest

from shoprl.experiments.plan import Shoppers
from shoprl.experiments.studies.plans import PAPER, SMALL, TINY, plan, studies


@pytest.mark.parametrize("size", [SMALL, PAPER, TINY])
def test_every_study_names_agents_that_are_planned(size: Any) -> None:
    planned = plan(size).recipes
    for name, study in studies(size).items():
        assert len(set(study.agents)) == len(study.agents), name
        compared = {agent for pair in study.differences for agent in pair}
        drawn = {a for series in (study.against[1].values() if study.against else ()) for a in series.values()}
        assert compared | set(study.arms) | drawn <= set(study.agents) <= set(planned), name
    for agent in planned.values():
        assert agent.start is None or agent.start in planned


def test_learners_get_the_same_updates_and_learn_from_the_same_start() -> None:
    planned = plan(SMALL).recipes
    learners = [planned[name] for name in ("control", "dpo", "ppo", "policy-gradient")]
    assert {agent.config.all_updates for agent in learners} == {SMALL.updates}
    assert {agent.start for agent in learners} == {"imitation"}
    assert {agent.config.learning_rate for agent in learners} == {3e-5}  # type: ignore[attr-defined]
    assert {agent.data for agent in learners} == {("average-1200",)}
    assert plan(SMALL).data["average-1200"] == (Shoppers(1200, "demonstrations", "average"),)
