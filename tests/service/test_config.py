import pytest

from shoprl.errors import ConfigError
from shoprl.service.config import ServiceConfig


def test_rewards_are_checked_when_settings_are_made() -> None:
    assert ServiceConfig(reward_events=("click",), default_reward=0.5).reward.events == ("click",)
    with pytest.raises(ConfigError, match="events"):
        ServiceConfig(reward_events=())
    with pytest.raises(ConfigError, match="reward_window"):
        ServiceConfig(reward_window=0.0)
