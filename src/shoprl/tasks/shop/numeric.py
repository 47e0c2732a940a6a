"""The shop for agents that read numbers: a Gymnasium wrapper with a vector, discrete actions and a mask.

The numbers are the features of the choice policies (:mod:`shoprl.tasks.shop.features`): what a page and the episode so
far show, and nothing of the goal but its instruction.
"""

from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from shoprl.errors import ConfigError
from shoprl.settings import Size, check_value
from shoprl.shop.env import WebShopEnv
from shoprl.tasks.instruction import WISH, Queries, parse_instruction
from shoprl.tasks.shop.features import KINDS, NAMES, OF_THE_PAGE, PAGES, features
from shoprl.tasks.shop.state import allowed
from shoprl.tasks.shop.tracker import Tracker
from shoprl.tasks.shop.view import ShopCandidate, ShopView

MOST = 10.0  # numbers are cut off beyond; nearly all lie within 0 and 1
_SHARED = slice(len(KINDS), len(KINDS) + len(PAGES) + len(OF_THE_PAGE))  # equal for all candidates of a state
_OWN = [place for place in range(len(NAMES)) if not _SHARED.start <= place < _SHARED.stop]
_MATCH = [NAMES.index("best of its group"), NAMES.index("named share"), NAMES.index("selected")]
Numbers: TypeAlias = NDArray[np.float32]
Observed: TypeAlias = Numbers | dict[str, Numbers]


class NumericShop(gymnasium.Wrapper[Observed, np.int64, str, str], gymnasium.utils.RecordConstructorArgs):
    """A :class:`~shoprl.shop.env.WebShopEnv` whose observations are vectors and whose actions are numbers.

    Action ``i`` takes the page's ``i``-th candidate, whose text ``info["actions"][i]`` holds: first buttons, in the
    page's order, then products or option values. The observation has the state's numbers, then those of each
    candidate, zeros where there is none; :attr:`names` says what each place is. Where a page has more candidates than
    ``max_actions``, the products or option values that match the instruction least are left out. A number without a
    candidate is an action that changes nothing.

    Args:
        env: from ``gymnasium.make("shoprl/WebShop-v0", ...)``; its observation mode does not matter.
        max_actions: how many actions there are.
        mask_observed: observations are dictionaries of ``observations`` and ``action_mask`` (RLlib's convention).
        queries: the searches to choose among, a policy's ``queries``; by default the instruction without its price.

    Attributes:
        names: what each place of the vector is.

    Raises:
        ConfigError: it is no environment of the shop or has no step limit, or ``max_actions`` is out of range.
    """

    def __init__(
        self,
        env: gymnasium.Env[str, str],
        max_actions: int = 32,
        mask_observed: bool = False,
        queries: Queries | None = None,
    ) -> None:
        gymnasium.utils.RecordConstructorArgs.__init__(
            self, max_actions=max_actions, mask_observed=mask_observed, queries=queries
        )
        super().__init__(env)  # type: ignore[arg-type]  # annotated with the wrapper's types
        check_value("max_actions", max_actions, Size)
        if not isinstance(env.unwrapped, WebShopEnv):
            raise ConfigError(f"{env}: no shop. Wrap gymnasium.make('shoprl/WebShop-v0', ...).")
        self._shop = env.unwrapped
        named = (self._shop.max_steps, env.spec.max_episode_steps if env.spec else None)
        limits = [limit for limit in named if limit is not None and limit > 0]  # -1: none
        if not limits:
            raise ConfigError("max_episode_steps -1: the numbers tell how many steps are left. Set a limit.")
        self._max_steps = min(limits)
        self._max_actions, self._mask_observed, self._queries = max_actions, mask_observed, queries or WISH
        shared, own = NAMES[_SHARED], [NAMES[place] for place in _OWN]
        self.names = (*shared, *(f"{place}: {name}" for place in range(max_actions) for name in own))
        self._vector = spaces.Box(-MOST, MOST, (len(self.names),), np.float32)
        self.observation_space: Any = self._vector
        if mask_observed:
            mask = spaces.Box(0.0, 1.0, (max_actions,), np.float32)
            self.observation_space = spaces.Dict({"observations": self._vector, "action_mask": mask})
        self.action_space: Any = spaces.Discrete(max_actions)
        self._tracker = Tracker((), self._max_steps)
        self._actions: tuple[str, ...] = ()
        self._mask = np.zeros(max_actions, dtype=np.bool_)

    def action_masks(self) -> NDArray[np.bool_]:
        """The actions that the task's rule allows, shape (max_actions,), as sb3-contrib's MaskablePPO asks for them.

        The rule leaves out what was done before in the same state and what leaves no time to buy. At least one action
        is allowed, on the done page the first one, which does nothing.
        """
        return self._mask.copy()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observed, dict[str, Any]]:
        """Start an episode; the arguments are those of the environment."""
        _, info = self.env.reset(seed=seed, options=options)
        instruction = parse_instruction(self._shop.page.instruction)
        self._tracker = Tracker(self._queries(instruction), self._max_steps)
        return self._observed(), info | {"actions": list(self._actions)}

    def step(self, action: np.int64) -> tuple[Observed, float, bool, bool, dict[str, Any]]:
        """Take an action by its number."""
        text = self._actions[action] if 0 <= action < len(self._actions) else ""
        self._tracker.took(self._shop.page, text)
        _, reward, done, cut, info = self.env.step(text)  # type: ignore[arg-type]
        return self._observed(), float(reward), done, cut, info | {"actions": list(self._actions)}

    def _observed(self) -> Observed:
        """Look at the page: its actions, their mask and the vector."""
        vector, self._mask = np.zeros(len(self.names), np.float32), np.zeros(self._max_actions, np.bool_)
        self._actions = ()
        if self._shop.page.kind == "done":
            self._mask[0] = True  # where nothing is allowed, a distribution over what is has no meaning
        else:
            view = self._tracker.state(self._shop.page)
            rows = features(view)
            kept = self._kept(view, rows)
            vector[: rows[0, _SHARED].size] = rows[0, _SHARED]
            own = rows[kept][:, _OWN].ravel()
            vector[rows[0, _SHARED].size :][: own.size] = own
            self._mask[: len(kept)] = allowed(view)[kept]
            self._mask[: len(kept)] |= not self._mask.any()
            self._actions = tuple(view.candidates[place].action for place in kept)
        vector.clip(-MOST, MOST, out=vector)
        if self._mask_observed:
            return {"observations": vector, "action_mask": self._mask.astype(np.float32)}
        return vector

    def _kept(self, view: ShopView, rows: Numbers) -> list[int]:
        """The places of the candidates that become actions, in the page's order."""

        def rank(place: int) -> tuple[bool, float]:
            candidate: ShopCandidate = view.candidates[place]
            return candidate.kind in ("product", "option"), -float(rows[place, _MATCH].sum())

        return sorted(sorted(range(len(view.candidates)), key=rank)[: self._max_actions])


def numeric_shop(max_actions: int = 32, mask_observed: bool = False, **options: Any) -> NumericShop:
    """A numeric shop from its options; what ``gymnasium.make("shoprl/WebShopNumeric-v0")`` calls.

    Args:
        max_actions: as in :class:`NumericShop`.
        mask_observed: the same.
        options: those of :class:`~shoprl.shop.env.WebShopEnv`.
    """
    return NumericShop(WebShopEnv(**options), max_actions, mask_observed)
