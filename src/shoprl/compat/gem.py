"""The shop for GEM: importing this module registers ``shoprl/WebShop-v0`` in GEM's registry.

``gem.make("shoprl/WebShop-v0", data=...)`` and ``gem.make_vec(["shoprl/WebShop-v0"] * 8, seed=0, data=...)`` then work.
"""

import copy
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np

from shoprl.shop.env import WebShopEnv

GEM_ID = "shoprl/WebShop-v0"


class GemWebShopEnv(WebShopEnv):
    """:class:`~shoprl.shop.env.WebShopEnv` with the further methods of GEM's environments.

    Args:
        seed: of the goals drawn, for a first :meth:`reset` without one; GEM gives each environment its own.
        options: those of :class:`~shoprl.shop.env.WebShopEnv`.
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._options = {**options, "data": self.data}
        self._seed, self._sampling = seed, np.random.default_rng(seed)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """See :meth:`WebShopEnv.reset <shoprl.shop.env.WebShopEnv.reset>`."""
        first, self._seed = self._seed, None
        return super().reset(seed=first if seed is None else seed, options=options)

    def sample_random_action(self) -> str:
        """A search for a word of the instruction, or a click on anything that the page offers."""
        session = self._session
        offered = [] if session is None else [text for text in session.clickables if text != "search"]
        if session is None or not offered:
            words = (session.instruction if session is not None else "").split() or ["anything"]
            return f"search[{words[self._sampling.integers(len(words))]}]"
        return f"click[{offered[self._sampling.integers(len(offered))]}]"

    def spawn(self, same_state: bool = False, **options: Any) -> "GemWebShopEnv":
        """Another environment on the same data.

        Args:
            same_state: in the same episode, at the same page; each then goes on alone.
            options: in place of this environment's.
        """
        spawned = GemWebShopEnv(**{**self._options, **options})
        if same_state:
            spawned._session = copy.copy(self._session)
            spawned._goal_index, spawned._steps = self._goal_index, self._steps
        return spawned


with suppress(ModuleNotFoundError):  # who uses GEM has it
    import_module("gem").register(GEM_ID, f"{__name__}:GemWebShopEnv")
