import pytest

from shoprl.errors import TrajectoryError
from shoprl.rollouts.recording import Recording
from shoprl.shop.data import ShopData
from shoprl.tasks.shop.task import ShopTask
from tests.support.toyshop import EVERYTHING


def test_what_is_taken_is_recorded(toy: ShopData) -> None:
    recording = Recording(ShopTask(toy.shop).start(toy.goals[7], lambda _: (EVERYTHING, "tea")), 7)
    recording.take(f"search[{EVERYTHING}]", 0.25)
    recording.take("click[nonsense]", slip=True)  # changes nothing, but it is a step
    first = next(c.action for c in recording.state.candidates if c.kind == "product")  # type: ignore[attr-defined]
    recording.take(first)
    assert not recording.over
    recording.take("click[buy now]")
    assert recording.over
    episode = recording.episode()
    assert [d.page for d in episode.decisions] == ["search", "results", "results", "item"]
    assert [d.probability for d in episode.decisions] == [0.25, 1.0, 1.0, 1.0]
    assert [d.available for d in episode.decisions][:2] == [2, 12]
    assert episode.slips == (1,)
    assert (episode.goal_index, episode.done) == (7, True)
    assert episode.reward == episode.earned == recording.live.session.purchase.total  # type: ignore[union-attr]
    assert f"click[{str(episode.asin).lower()}]" == first


def test_an_episode_on_a_request_has_no_reward_to_be_counted(toy: ShopData) -> None:
    recording = Recording(ShopTask(toy.shop).start("red shoes"), 0)
    recording.take(f"search[{EVERYTHING}]")
    episode = recording.episode()
    assert (episode.reward, episode.success) == (None, False)
    with pytest.raises(TrajectoryError, match="has no reward"):
        episode.earned  # noqa: B018
