import pytest

from shoprl.errors import GoalError
from shoprl.evaluation.statistics import Estimate
from shoprl.policies.simple import RulePolicy
from shoprl.service.guarding import Guard, eval_goals, guarded
from tests.support.judging import JudgingRule
from tests.support.toyshop import toy_data


def test_lists_are_compared_goal_by_goal_with_the_parents():
    data = toy_data()
    goals = [data.goals[index] for index in data.split.part("eval")[:4]]
    good, bad = (JudgingRule(dict.fromkeys((goal.asin for goal in goals), fit)) for fit in (1.0, 0.0))
    found = guarded({"parent": good, "candidate": bad, "control": good}, data, 4)
    assert set(found) == {"candidate", "control"}
    assert found["control"].goals == found["candidate"].goals == len(goals)
    assert (found["control"].reward5.value, found["control"].worse) == (0.0, False)
    assert found["candidate"].hit1.value < 0
    assert found["candidate"].reward5.value < 0


@pytest.mark.parametrize(("hit1", "reward5", "worse"), [(-0.1, 0.1, True), (0.1, -0.1, True), (0.1, 0.0, False)])
def test_an_interval_below_zero_is_worse(hit1, reward5, worse):
    guard = Guard(9, *(Estimate(high - 1, high - 2, high) for high in (hit1, reward5)))
    assert guard.worse == guard.to_json()["worse"] == worse


def test_without_goals_there_is_no_guard():
    def none():
        raise GoalError("no goals")

    assert eval_goals(none) is None
    assert guarded({"parent": RulePolicy()}, None, 5) == {}
    assert guarded({"parent": RulePolicy()}, toy_data(), 0) == {}
