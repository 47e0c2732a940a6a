"""What the server takes and sends."""

import inspect
from typing import Any, get_args

import pytest

pytest.importorskip("pydantic", reason="needs the extra serve")

from pydantic import ValidationError

from shoprl.serve.models import Action, NewEpisode, NewSession, Observed
from shoprl.shop.env import WebShopEnv
from tests.support.toyshop import toy_data


def test_the_options_are_those_of_the_environment() -> None:
    options = inspect.signature(WebShopEnv).parameters
    fields = NewSession.model_fields
    assert set(fields) - {"seed"} == set(options) - {"data", "human_goals"}  # of the data that the server has loaded
    assert all(fields[name].default == options[name].default for name in fields if name != "seed")
    modes = get_args(get_args(fields["render_mode"].annotation)[0])
    assert modes == tuple(mode for mode in WebShopEnv.metadata["render_modes"] if mode != "rgb_array")  # it is not sent


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (NewSession, {"max_steps": "5"}),
        (NewSession, {"max_steps": 0}),
        (NewSession, {"color": "red"}),
        (NewEpisode, {"goal": 1.0}),
        (Action, {}),
        (Action, {"action": 3}),
    ],
)
def test_what_is_asked_for_is_taken_as_it_is_or_not_at_all(model: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model(**fields)


def test_an_answer_keeps_what_the_environment_tells() -> None:
    env = WebShopEnv(toy_data())
    env.reset(options={"goal": 0})
    observation, reward, terminated, truncated, info = env.step("search[tea]")
    info["more"] = [1, 2]
    sent = Observed(observation=observation, reward=reward, terminated=terminated, truncated=truncated, info=info)
    assert sent.model_dump(exclude_unset=True)["info"] == info
