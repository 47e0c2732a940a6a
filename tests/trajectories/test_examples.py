from dataclasses import replace

import numpy as np
import pytest

from shoprl.errors import TrajectoryError
from shoprl.rollouts.records import Decision, Episode
from shoprl.shop.data import ShopData
from shoprl.tasks.instruction import parse_instruction
from shoprl.tasks.shop.task import ShopTask
from shoprl.training.rollout import collect
from shoprl.trajectories.examples import examples, identity_of_examples, replay
from shoprl.trajectories.shoppers import demonstrations
from tests.support.fakequery import foreign_goals
from tests.support.fakes import fake_policy
from tests.support.toyshop import EVERYTHING


def some(data: ShopData, recovery: float = 0.0) -> list[Episode]:
    rng = np.random.default_rng(0)
    return demonstrations(ShopTask(data.shop), data.goals, data.split.train, 12, 0.7, rng, recovery)


def test_replay_gives_the_states_and_the_actions(toy: ShopData) -> None:
    for episode in some(toy):
        steps = replay(ShopTask(toy.shop), toy.goals[episode.goal_index], episode)
        assert len(steps) == len(episode.decisions)
        for (state, chosen), decision in zip(steps, episode.decisions, strict=True):
            assert chosen is not None
            assert state.candidates[chosen].action == decision.action
            assert state.page == decision.page
            assert len(state.candidates) == decision.available


@pytest.mark.parametrize("change", [0.01, -0.01, 1e-9])
def test_another_reward_is_another_shop(toy: ShopData, change: float) -> None:
    episode = some(toy)[0]
    with pytest.raises(TrajectoryError, match="another shop"):
        replay(ShopTask(toy.shop), toy.goals[episode.goal_index], replace(episode, reward=episode.reward + change))


def test_another_goal_is_noticed(toy: ShopData) -> None:
    episode = next(e for e in some(toy) if e.success)
    asked = toy.goals[episode.goal_index].query
    other = next(goal for goal in toy.goals if goal.query != asked)
    with pytest.raises(TrajectoryError, match="recorded with"):
        replay(ShopTask(toy.shop), other, episode)


def test_an_unknown_action_has_no_index(toy: ShopData) -> None:
    decisions = (Decision("search", f"search[{EVERYTHING}]", 1), Decision("results", "click[nonsense]", 12))
    steps = replay(ShopTask(toy.shop), toy.goals[0], Episode(0, decisions, 0.0, False))
    assert [chosen for _, chosen in steps] == [None, None]  # the search is not one that the strategy makes


def test_examples_are_the_decisions_with_a_choice(toy: ShopData) -> None:
    episodes = some(toy)
    found = examples(ShopTask(toy.shop), toy.goals, episodes)
    steps = [
        step for episode in episodes for step in replay(ShopTask(toy.shop), toy.goals[episode.goal_index], episode)
    ]
    expected = [(state.observe(), chosen) for state, chosen in steps if len(state.candidates) > 1]
    assert len(found) == len(expected) == sum(len(e.decisions) for e in episodes) - len(episodes)  # less the searches
    for example, (state, chosen) in zip(found, expected, strict=True):
        assert (example.state.texts, example.chosen) == (state.texts, chosen)
        assert (example.state.features == state.features).all()


def test_slips_are_left_out(toy: ShopData) -> None:
    episodes = some(toy, recovery=0.6)
    slips = sum(len(episode.slips) for episode in episodes)
    assert slips > 3
    with_slips = examples(ShopTask(toy.shop), toy.goals, [replace(episode, slips=()) for episode in episodes])
    assert len(with_slips) - len(examples(ShopTask(toy.shop), toy.goals, episodes)) == slips


def test_nothing_to_learn_is_an_error(toy: ShopData) -> None:
    only_search = Episode(0, (Decision("search", f"search[{EVERYTHING}]", 1),), 0.0, False)
    with pytest.raises(TrajectoryError, match="no decision"):
        examples(ShopTask(toy.shop), toy.goals, [only_search])


@pytest.mark.parametrize("index", [10_000, -1])
def test_a_goal_that_is_not_there_is_named(toy: ShopData, index: int) -> None:
    episode = some(toy)[0]
    episode = replace(episode, goal_index=index if index > 0 else episode.goal_index - len(toy.goals))
    with pytest.raises(TrajectoryError, match="goal"):
        examples(ShopTask(toy.shop), toy.goals, [episode])


def test_replaying_offers_what_acting_offered(toy: ShopData) -> None:
    policy = fake_policy()
    goals, policy.offer = foreign_goals(toy)
    searches = 0
    rollout = collect(policy, ShopTask(toy.shop), goals, seed=1)
    for (_, goal), episode, steps in zip(goals, rollout.episodes, rollout.steps, strict=True):
        walked = replay(ShopTask(toy.shop), goal, episode, policy.queries)
        assert [chosen for _, chosen in walked] == [step.action for step in steps]
        for (state, _), step in zip(walked, steps, strict=True):
            again = state.observe()
            assert (again.texts, again.actions, again.page) == (step.state.texts, step.state.actions, step.state.page)
            assert (again.features == step.state.features).all()
            searches += state.page == "search"
            assert state.page != "search" or len(state.candidates) == 3
    assert searches > len(goals)  # some searched again with other words


def test_a_demonstrated_query_is_an_example_where_it_is_offered(toy: ShopData) -> None:
    policy = fake_policy()
    goals, policy.offer = foreign_goals(toy)
    index, goal = goals[0]
    typed = policy.queries(parse_instruction(goal.instruction))
    listed = [goal if number == index else other for number, other in enumerate(toy.goals)]
    for query, chosen in ((typed[1], 1), (typed[2], 2)):
        episode = Episode(index, (Decision("search", f"search[{query}]", 3),), 0.0, False)
        (found,) = examples(ShopTask(toy.shop), listed, [episode], policy.queries)
        assert (found.chosen, found.state.texts) == (chosen, typed)
        with pytest.raises(TrajectoryError, match="no decision"):
            examples(ShopTask(toy.shop), listed, [episode])


def test_what_was_seen_and_its_rewards_are_part_of_the_identity(toy: ShopData) -> None:
    data = examples(ShopTask(toy.shop), toy.goals, some(toy))
    assert all(each.state.evidence is not None and each.fits is None for each in data)
    plain = identity_of_examples(data)
    bare = [replace(each, state=replace(each.state, evidence=None)) for each in data]
    assert identity_of_examples(bare) == plain  # as that of checkpoints made before there was evidence
    judged = [replace(each, fits=np.ones(len(each.state.evidence.names), dtype=np.float32)) for each in data]  # type: ignore[union-attr]
    identities = {plain, identity_of_examples(judged)}
    last = judged[-1]
    shown = last.state.evidence
    assert shown is not None
    assert last.fits is not None
    for change in (
        replace(last, fits=last.fits * 0.5),
        *(
            replace(last, state=replace(last.state, evidence=replace(shown, **each)))
            for each in (
                {"features": shown.features + 1},
                {"texts": ("other", *shown.texts[1:])},
                {"names": ("other", *shown.names[1:])},
                {"terms": ((frozenset({"other"}),) * 3, *shown.terms[1:])},
            )
        ),
    ):
        identities.add(identity_of_examples([*judged[:-1], change]))
    assert len(identities) == 7
