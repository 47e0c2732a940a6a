from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.base import Observation, Outcome, State, index_of


@dataclass(frozen=True)
class Letter:
    action: str
    kind: str = "letter"
    text: str = ""
    group: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Letters:
    candidates: tuple[Letter, ...]
    page: str = "letters"
    request: str = ""
    text: str = ""
    key: str = ""

    def allowed(self) -> NDArray[np.bool_]:
        return np.ones(len(self.candidates), dtype=np.bool_)

    def observe(self) -> Observation:
        return Observation("", ("",) * len(self.candidates), np.zeros((len(self.candidates), 0), dtype=np.float32))


def test_an_action_is_found_by_its_place() -> None:
    state: State = Letters((Letter("a"), Letter("b"), Letter("a")))
    assert [index_of(state, action) for action in "abc"] == [0, 1, None]


def test_texts_and_numbers_may_be_empty() -> None:
    observation = Letters((Letter("a"),)).observe()
    assert (observation.request, observation.page, observation.picture, observation.kinds) == ("", "", "", ())
    assert observation.features.shape == (1, 0)


def test_an_outcome_may_know_no_reward() -> None:
    assert Outcome(True, None) == Outcome(True, None, {}, None, {})


def test_a_task_need_not_say_what_its_episodes_have_shown() -> None:
    assert Letters((Letter("a"),)).observe().evidence is None
