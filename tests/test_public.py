"""The names that ``import shoprl`` offers, and what it costs to offer them."""

import os
import subprocess
import sys

import pytest

import shoprl
from shoprl import _PUBLIC

TORCH_FREE = ("Episode", "Goal", "ShopData", "ShopTask", "WebShopEnv", "examples", "generated_data", "make")


@pytest.mark.parametrize("name", TORCH_FREE)
def test_the_environments_names_need_no_torch(name: str) -> None:
    code = f"import sys, shoprl; shoprl.{name}; assert 'torch' not in sys.modules, 'torch'"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_every_public_name_is_there() -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    for name in _PUBLIC:
        value = getattr(shoprl, name)
        assert (value.__name__, bool(value.__doc__)) == (name, True)
    assert set(_PUBLIC) <= set(dir(shoprl))
    assert set(shoprl.__all__) == {*_PUBLIC, "__version__"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        shoprl.nonsense  # noqa: B018


def test_importing_it_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import shoprl; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    brought = {name.split(".")[0] for name in done.stdout.split()}
    assert not brought & {"numpy", "torch", "gymnasium", "transformers", "textblob", "fastapi"}
    assert {name for name in done.stdout.split() if name.startswith("shoprl.")} == {"shoprl.version"}


def test_make_gives_an_environment_of_its_own() -> None:
    env = shoprl.make(split="test", max_steps=3)
    first, info = env.reset(seed=1)
    assert env.max_steps == 3
    assert info["goal"] in env.data.split.test
    assert env.reset(seed=1)[0] == first


WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


@pytest.mark.parametrize(
    ("given", "before", "policy"),
    [
        ({}, "", "PASSIVE"),
        ({}, "import sys, types; sys.modules['torch'] = types.ModuleType('torch')", None),  # it has read it already
        ({"OMP_WAIT_POLICY": "ACTIVE"}, "", "ACTIVE"),
        ({"GOMP_SPINCOUNT": "1000"}, "", None),
        ({"KMP_BLOCKTIME": "20"}, "", None),
    ],
)
def test_idle_threads_wait_passively_unless_told_otherwise(
    given: dict[str, str], before: str, policy: str | None
) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in WAITING} | given
    code = f"{before}\nimport os, shoprl; print(os.environ.get('OMP_WAIT_POLICY'))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.stdout.split() == [str(policy)]
