"""Many environments in one process, as a Gymnasium vector environment (``gymnasium.make_vec``)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from shoprl.errors import ConfigError
from shoprl.search.engine import EngineSearch
from shoprl.shop.data import ShopData
from shoprl.shop.env import RESET_OPTIONS, WebShopEnv, check_no_max_steps, check_reset_options, step_limit
from shoprl.shop.render import ObservationMode
from shoprl.shop.session import LISTINGS, MAX_ACTION, MAX_STEPS, parse_action
from shoprl.shop.splits import SplitName

Seeds = int | Sequence[int | None] | None
VectorStep = tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


class WebShopVectorEnv(VectorEnv[tuple[str, ...], Sequence[str], NDArray[Any]]):
    """Several :class:`~shoprl.shop.env.WebShopEnv` in one process, on one catalogue and one search index.

    It behaves as Gymnasium's ``SyncVectorEnv`` of the same environments, in each autoreset mode. Observations are a
    tuple of ``num_envs`` texts, actions a sequence of as many; rewards, terminations and truncations are arrays of
    shape ``(num_envs,)``.

    Args:
        num_envs: number of environments.
        data, observation_mode, split, max_steps, render_mode, end_on_invalid, human_goals: as in
            :class:`~shoprl.shop.env.WebShopEnv`.
        autoreset_mode: what follows an episode's end, as Gymnasium's enum or its value: ``NextStep``, ``SameStep`` or
            ``Disabled``.

    Raises:
        ConfigError: an option is invalid.
        CatalogError, GoalError: the data folder cannot be used.
    """

    def __init__(
        self,
        num_envs: int = 1,
        data: ShopData | Path | str | None = None,
        observation_mode: ObservationMode = "text_rich",
        split: SplitName = "train",
        max_steps: int | None = MAX_STEPS,
        render_mode: str | None = None,
        end_on_invalid: bool = False,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        human_goals: bool | int | None = None,
    ) -> None:
        if num_envs < 1:
            raise ConfigError(f"num_envs {num_envs}: must be at least 1.")
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        first = WebShopEnv(data, observation_mode, split, max_steps, render_mode, end_on_invalid, human_goals)
        others = (
            WebShopEnv(first.data, observation_mode, split, max_steps, render_mode, end_on_invalid)
            for _ in range(num_envs - 1)
        )
        self.envs = (first, *others)
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.metadata = {**first.metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space = first.observation_space
        self.single_action_space = first.action_space
        self.observation_space = batch_space(first.observation_space, num_envs)
        self.action_space = batch_space(first.action_space, num_envs)
        self._observations = [""] * num_envs
        self._rewards = np.zeros(num_envs, np.float64)
        self._terminations = np.zeros(num_envs, np.bool_)
        self._truncations = np.zeros(num_envs, np.bool_)

    @property  # type: ignore[misc]  # as SyncVectorEnv has it
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generators that the environments draw goals from."""
        return tuple(env.np_random for env in self.envs)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seeds of those generators; -1 where unknown."""
        return tuple(env.np_random_seed for env in self.envs)

    def reset(
        self, *, seed: Seeds = None, options: dict[str, Any] | None = None
    ) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Start a session in each environment.

        Args:
            seed: one for all (environment ``i`` gets ``seed + i``) or one for each.
            options: ``goal``: an index for all, or one (or None) for each. ``reset_mask``: a boolean array of shape
                ``(num_envs,)``; where it is False the episode continues.

        Raises:
            ConfigError: seeds, goals or mask do not fit the number of environments, or an option is unknown.
            GoalError: there is no goal with that index.
        """
        options = check_reset_options(options, (*RESET_OPTIONS, "reset_mask"))
        seeds, goals = self._seeds(seed), self._goals(options.get("goal"))
        mask = self._mask(options.get("reset_mask"))
        infos: dict[str, Any] = {}
        for i in np.flatnonzero(mask).tolist():
            self._observations[i], info = self.envs[i].reset(seed=seeds[i], options={"goal": goals[i]})
            self._terminations[i] = self._truncations[i] = False
            infos = self._add_info(infos, info, i)
        return tuple(self._observations), infos

    def step(self, actions: Sequence[str]) -> VectorStep:
        """Take an action in each environment; that of an environment which is reset in this step is ignored.

        Raises:
            ConfigError: there is not one text for each environment.
            ResetNeeded: an episode has ended, and the autoreset mode is ``Disabled``.
        """
        ended = self._terminations | self._truncations
        self._check(actions, ended)
        self._search_ahead([action for action, over in zip(actions, ended, strict=True) if not over])
        infos: dict[str, Any] = {}
        for i, (env, action) in enumerate(zip(self.envs, actions, strict=True)):
            if ended[i]:
                self._observations[i], info = env.reset()
                self._rewards[i], self._terminations[i], self._truncations[i] = 0.0, False, False
            else:
                infos, info = self._step_one(i, action, infos)
            infos = self._add_info(infos, info, i)
        results = self._rewards.copy(), self._terminations.copy(), self._truncations.copy()
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            self._terminations[:] = self._truncations[:] = False
        return tuple(self._observations), *results, infos

    def _search_ahead(self, actions: Sequence[str]) -> None:
        """Ask a search engine for all queries of a step in one call; the environments then find them cached."""
        search = self.envs[0].data.shop.search
        if isinstance(search, EngineSearch):
            taken = [parse_action(action) for action in actions if len(action) <= MAX_ACTION]
            queries = [argument for name, argument in taken if name == "search" and argument]
            search.find_many([query for query in queries if query.split(" ")[0] not in LISTINGS])

    def _step_one(self, i: int, action: str, infos: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        observation, self._rewards[i], terminated, truncated, info = self.envs[i].step(action)
        self._terminations[i], self._truncations[i] = terminated, truncated
        if self.autoreset_mode is AutoresetMode.SAME_STEP and (terminated or truncated):
            infos = self._add_info(infos, {"final_obs": observation, "final_info": info}, i)
            observation, info = self.envs[i].reset()
        self._observations[i] = observation
        return infos, info

    def render(self) -> tuple[Any, ...]:
        """Each page in the render mode."""
        return tuple(env.render() for env in self.envs)

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """An attribute of each environment, or the result of its method of that name."""
        attributes = [env.get_wrapper_attr(name) for env in self.envs]
        return tuple(each(*args, **kwargs) if callable(each) else each for each in attributes)

    def close_extras(self, **kwargs: Any) -> None:
        """Drop the sessions."""
        for env in self.envs:
            env.close()

    def _seeds(self, seed: Seeds) -> Sequence[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, int | np.integer):
            return [int(seed) + i for i in range(self.num_envs)]
        self._check_count("seed", seed)
        return [None if each is None else int(each) for each in seed]

    def _goals(self, goal: Any) -> Sequence[Any]:
        if isinstance(goal, str) or not isinstance(goal, Sequence | np.ndarray):
            return [goal] * self.num_envs
        self._check_count("goal", goal)
        return list(goal)

    def _mask(self, mask: Any) -> NDArray[np.bool_]:
        if mask is None:
            return np.ones(self.num_envs, np.bool_)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ConfigError(f"reset_mask: must be a boolean array of shape ({self.num_envs},).")
        if not mask.any():
            raise ConfigError("reset_mask: is False everywhere. Leave out the reset.")
        return mask

    def _check(self, actions: Sequence[str], ended: NDArray[np.bool_]) -> None:
        if isinstance(actions, str) or not isinstance(actions, Sequence | np.ndarray):
            raise ConfigError(f"actions: must be a sequence of {self.num_envs} texts.")
        self._check_count("actions", actions)
        for i in np.flatnonzero(~ended).tolist():
            if not isinstance(actions[i], str):
                raise ConfigError(f"actions[{i}]: must be a text, not {type(actions[i]).__name__}.")
        if self.autoreset_mode is AutoresetMode.DISABLED and ended.any():
            raise gymnasium.error.ResetNeeded(
                f"Environments {np.flatnonzero(ended).tolist()} have ended. "
                "Call reset(options={'reset_mask': terminations | truncations}) first."
            )

    def _check_count(self, name: str, values: Sequence[Any] | NDArray[Any]) -> None:
        if len(values) != self.num_envs:
            raise ConfigError(f"{name}: {len(values)} for {self.num_envs} environments. Pass one for each.")


def registered(max_episode_steps: int | None = None, **options: Any) -> WebShopVectorEnv:
    """What ``gymnasium.make_vec`` calls.

    Args:
        max_episode_steps: each episode is truncated after so many steps; -1 or None: never.
        options: those of :class:`WebShopVectorEnv` but for ``max_steps``.

    Raises:
        ConfigError: see :class:`WebShopVectorEnv`, or ``max_steps`` is given.
    """
    check_no_max_steps(options)
    return WebShopVectorEnv(**options, max_steps=step_limit(None, max_episode_steps))


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError:
        raise ConfigError(f"autoreset_mode {mode!r}: use one of {[mode.value for mode in AutoresetMode]}.") from None
