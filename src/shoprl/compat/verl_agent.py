"""verl-agent's WebShop environments in one process, without its Ray workers.

Written for ``agent_system/environments/env_manager.py``, ``env_package/webshop/envs.py`` and
``multi_turn_rollout/rollout_loop.py`` of verl-agent. In the first, ``make_envs`` takes this function for its own::

    from shoprl.compat.verl_agent import build_webshop_envs
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shoprl.compat.legacy import WebAgentTextEnv
from shoprl.errors import ConfigError, GoalError

TEST_GOALS = 500  # verl-agent evaluates on the goals before, and trains on the others
WON = 10.0  # its reward of a purchase that is worth 1; any other earns 0

Step = tuple[list[str], list[float], list[bool], list[dict[str, Any]]]


class WebShopEnvs:
    """As many old-gym environments as verl-agent asks for, on one shop.

    Environments ``g * group_n`` to ``(g + 1) * group_n - 1`` are group ``g``: they have one goal. Goals are drawn as
    verl-agent draws them: equal seeds give equal indices, into WebShop's order of goals, where verl-agent's workers
    each shuffle their own.

    An environment that is finished stays so until :meth:`reset`: the loop goes on to step it, which gives its last
    observation and info, reward 0 and True.

    Args:
        seed: of the goals drawn.
        env_num: number of groups.
        group_n: environments in each.
        is_train: draw from goal 500 on; else from the first 500 goals.
        env_kwargs: options of :class:`~shoprl.compat.legacy.WebAgentTextEnv`, such as verl-agent's ``file_path`` and
            ``attr_path``; the observation mode is ``text`` where it is left out.

    Raises:
        ConfigError: an option is invalid.
        GoalError: there are fewer goals to draw from than groups.
        CatalogError: the data cannot be used.
    """

    def __init__(
        self,
        seed: int = 0,
        env_num: int = 1,
        group_n: int = 1,
        is_train: bool = True,
        env_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        if env_num < 1 or group_n < 1:
            raise ConfigError(f"env_num {env_num}, group_n {group_n}: both must be at least 1.")
        options = {"observation_mode": "text", "seed": seed, **(env_kwargs or {})}
        first = WebAgentTextEnv(**options)
        sharing = {name: value for name, value in options.items() if name not in _OF_SERVER}
        others = (WebAgentTextEnv(**sharing, server=first.server) for _ in range(env_num * group_n - 1))
        self.envs = (first, *others)
        self.env_num, self.group_n, self.num_processes = env_num, group_n, env_num * group_n
        self.is_train = is_train
        goals = len(first.server.indices)
        self.goal_idxs = range(TEST_GOALS, goals) if is_train else range(min(TEST_GOALS, goals))
        if len(self.goal_idxs) < env_num:
            part = f"from goal {TEST_GOALS} on" if is_train else f"among the first {TEST_GOALS}"
            raise GoalError(f"env_num {env_num}: the data holds {len(self.goal_idxs)} goals {part}. Ask for fewer.")
        self._rng = np.random.RandomState(seed)  # the generator that verl-agent draws with
        self._last: list[tuple[str, dict[str, Any]] | None] = [None] * self.num_processes

    def reset(self) -> tuple[list[str], list[dict[str, Any]]]:
        """Start an episode in each environment.

        Returns:
            An observation and an info for each; the info holds ``available_actions`` and ``won``.
        """
        drawn = self._rng.choice(self.goal_idxs, size=self.env_num, replace=False)
        observations, infos = [], []
        for env, goal in zip(self.envs, np.repeat(drawn, self.group_n).tolist(), strict=True):
            observations.append(env.reset(session=goal)[0])
            infos.append({"available_actions": env.get_available_actions(), "won": False})
        self._last = [None] * self.num_processes
        return observations, infos

    def step(self, actions: Sequence[str]) -> Step:
        """Take an action in each environment; those of finished ones are ignored.

        Returns:
            For each an observation, a reward of 10 (bought, and worth 1) or 0, whether it is finished, and an info with
            ``available_actions``, ``task_score`` (WebShop's reward of the step that finished it, 0 before) and ``won``.

        Raises:
            ConfigError: there is not one action for each environment.
        """
        if isinstance(actions, str) or len(actions) != self.num_processes:
            raise ConfigError(f"actions: must be {self.num_processes}, one for each environment.")
        observations, rewards, dones, infos = [], [], [], []
        for i, action in enumerate(actions):
            observation, reward, done, info = self._step(i, action)
            observations.append(observation)
            rewards.append(reward)
            dones.append(done)
            infos.append(dict(info))  # the caller's own, which it adds to
        return observations, rewards, dones, infos

    def _step(self, i: int, action: str) -> tuple[str, float, bool, dict[str, Any]]:
        last = self._last[i]
        if last is not None:
            return last[0], 0.0, True, last[1]
        env = self.envs[i]
        observation, score, done, _ = env.step(action)
        won = done and score == 1.0
        info = {"available_actions": env.get_available_actions(), "task_score": score, "won": won}
        if done:
            self._last[i] = observation, info
        return observation, WON if won else 0.0, done, info

    def render(self, mode: str = "text", env_idx: int | None = None) -> str | list[str | None] | None:
        """The pages, or one of them, as the environment's ``render`` gives them."""
        pages = [env.render(mode) for env in (self.envs if env_idx is None else [self.envs[env_idx]])]
        return pages if env_idx is None else pages[0]

    def close(self) -> None:
        """End the sessions."""
        for env in self.envs:
            env.close()


_OF_SERVER = frozenset({"data", "file_path", "attr_path", "filter_goals", "limit_goals", "num_products", "human_goals"})


def build_webshop_envs(
    seed: int = 0,
    env_num: int = 1,
    group_n: int = 1,
    is_train: bool = True,
    env_kwargs: Mapping[str, Any] | None = None,
    resources_per_worker: Mapping[str, Any] | None = None,
) -> WebShopEnvs:
    """verl-agent's function of that name; see :class:`WebShopEnvs`.

    Args:
        seed: of :class:`WebShopEnvs`, as those that follow.
        env_num: number of groups.
        group_n: environments in each.
        is_train: which goals.
        env_kwargs: of each environment.
        resources_per_worker: of Ray, which is not used.
    """
    return WebShopEnvs(seed, env_num, group_n, is_train, env_kwargs)
