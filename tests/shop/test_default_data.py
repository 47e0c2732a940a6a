import warnings
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import pytest

import shoprl
from shoprl.compat.legacy import WebAgentTextEnv
from shoprl.errors import ConfigError
from shoprl.shop import default_data
from shoprl.shop.default_data import VARIABLE, data_or_toy_shop, default_folder
from shoprl.shop.env import WebShopEnv
from shoprl.shop.vector import WebShopVectorEnv
from tests.support.toyshop import toy_data, write_toy_folder


@pytest.fixture(autouse=True)
def not_yet_warned() -> Iterator[None]:
    default_data._warn.cache_clear()
    yield
    default_data._warn.cache_clear()


@pytest.fixture
def named(toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(toy_folder))
    return toy_folder


def test_without_data_the_gymnasium_id_warns_once() -> None:
    with pytest.warns(UserWarning, match="toy shop of 200 generated products.*data=FOLDER or set SHOPRL_DATA"):
        gymnasium.make("shoprl/WebShop-v0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shoprl.make()
        gymnasium.make_vec("shoprl/WebShop-v0", num_envs=2)


def test_a_shop_asked_for_is_no_surprise() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        WebShopEnv(shoprl.generated_data())


def test_the_variable_names_the_data(named: Path) -> None:
    assert default_folder() == named
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = [shoprl.make().data, WebShopVectorEnv(2).envs[1].data, WebAgentTextEnv().server.data]
    assert [data.hashes() for data in made] == [toy_data().hashes()] * 3


def test_an_explicit_path_wins(named: Path, tmp_path: Path) -> None:
    write_toy_folder(tmp_path / "other")
    (named / "items_shuffle_12.json").unlink()
    for path in (tmp_path / "other", str(tmp_path / "other")):
        assert WebShopEnv(path).data.hashes() == WebAgentTextEnv(file_path=path).server.data.hashes()
    assert WebShopEnv(toy_data()).data is toy_data()


@pytest.mark.parametrize("use", [WebShopEnv, WebAgentTextEnv, data_or_toy_shop])
def test_a_variable_that_leads_nowhere_is_named(use: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/no/such/shop")
    with pytest.raises(ConfigError, match="SHOPRL_DATA: /no/such/shop does not exist"):
        use()


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert default_folder() is None


def test_the_legacy_class_refuses_to_guess() -> None:
    with pytest.raises(ConfigError, match=r"There is no data. Give file_path= .*SHOPRL_DATA.*toy shop"):
        WebAgentTextEnv("text")
