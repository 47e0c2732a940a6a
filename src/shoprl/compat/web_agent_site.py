"""The original's module names and its gym id, for code that is run unchanged: importing this module installs both.

``import shoprl.compat.web_agent_site`` makes these work, whether or not the original lies on the path:

- ``from web_agent_site.envs import WebAgentTextEnv`` (also from ``web_agent_site.envs.web_agent_text_env``),
- ``from web_agent_site.engine.goal import get_reward``, ``from web_agent_site.models import RandomPolicy`` and
  ``from web_agent_site.utils import DEBUG_PROD_SIZE``,
- where gym (0.24 to 0.26) is installed, ``gym.make("WebAgentTextEnv-v0")``; the environment then is a ``gym.Env``.

Copies under another name: :func:`install`.
"""

import sys
from dataclasses import fields
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from shoprl.compat import legacy
from shoprl.compat.product_items import get_reward
from shoprl.errors import ConfigError

GYM_ID = "WebAgentTextEnv-v0"


def _gym() -> Any:
    try:
        return import_module("gym")
    except ModuleNotFoundError as error:
        if error.name != "gym":
            raise
        return None


gym = _gym()
if gym is None:
    WebAgentTextEnv: type[legacy.WebAgentTextEnv] = legacy.WebAgentTextEnv
else:
    bases = (legacy.WebAgentTextEnv, gym.Env)
    WebAgentTextEnv = type(
        "WebAgentTextEnv", bases, {"__module__": __name__, "__doc__": legacy.WebAgentTextEnv.__doc__}
    )


class RandomPolicy:
    """Takes any available action, and searches for shoes, as the original's does."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng()

    def forward(self, observation: str, available_actions: dict[str, Any]) -> str:
        """An action.

        Args:
            observation: not used.
            available_actions: what the environment's ``get_available_actions`` gave.
        """
        if available_actions["has_search_bar"]:
            return "search[shoes]"
        return f"click[{available_actions['clickables'][self._rng.integers(len(available_actions['clickables']))]}]"


class _Package(ModuleType):
    """A module that stands in for one of the original's."""

    __path__: list[str] = []  # noqa: RUF012  (what makes it a package; it has no file)


_CONTENTS: dict[str, dict[str, Any]] = {
    "": {},
    ".envs": {"WebAgentTextEnv": WebAgentTextEnv},
    ".envs.web_agent_text_env": {"WebAgentTextEnv": WebAgentTextEnv},
    ".engine": {},
    ".engine.goal": {"get_reward": get_reward},
    ".models": {"RandomPolicy": RandomPolicy},
    ".utils": {"DEBUG_PROD_SIZE": None},
}


def install(name: str = "web_agent_site") -> None:
    """Let the original's modules be imported, from here, under a name.

    Args:
        name: of the package: ``webshop.web_agent_site`` for ``from webshop.web_agent_site.envs import ...``.

    Raises:
        ConfigError: another package of that name has been imported.
    """
    found = sys.modules.get(name)
    if isinstance(found, _Package):
        return
    if found is not None:
        raise ConfigError(f"{name}: the original is already imported. Import {__name__} before it.")
    for place, contents in _CONTENTS.items():
        module = sys.modules[name + place] = _Package(name + place)
        vars(module).update(contents)
        if place:
            package, _, last = module.__name__.rpartition(".")
            setattr(sys.modules[package], last, module)


def _register() -> None:
    """Let ``gym.make`` find the environment."""
    registration = import_module("gym.envs.registration")
    # From 0.24.1 on gym checks environments for an interface that the original, with its four values, does not have.
    unchecked = {field.name: True for field in fields(registration.EnvSpec) if field.name == "disable_env_checker"}
    registration.register(id=GYM_ID, entry_point=f"{__name__}:WebAgentTextEnv", **unchecked)


install()
if gym is not None:
    _register()
