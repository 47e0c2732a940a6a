import pytest

from shoprl.errors import ConfigError
from shoprl.launcher import check_launched, processes

LAUNCHED = {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHED:
        monkeypatch.delenv(name, raising=False)


def test_without_a_launcher_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert processes() == 1
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert processes() == 1


def test_a_launcher_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LAUNCHED.items():
        monkeypatch.setenv(name, value)
    assert processes() == 2


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"])
def test_what_a_launcher_left_out_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for each in LAUNCHED.keys() - {name}:
        monkeypatch.setenv(each, LAUNCHED[each])
    with pytest.raises(ConfigError, match=f"WORLD_SIZE is set, but {name} is not"):
        check_launched()
    monkeypatch.setenv(name, LAUNCHED[name])
    check_launched()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("WORLD_SIZE", value) for value in ("abc", "", "0", "-1", "1.5", "nan", "1e3", "9" * 5_000, " 2", "٢")),
        *(("RANK", value) for value in ("abc", "-1", "2")),
        *(("LOCAL_RANK", value) for value in ("", "one", "2")),
        *(("MASTER_PORT", value) for value in ("http", "65536", "-1")),
        *(("MASTER_ADDR", value) for value in ("", "a b", "\x1b[31m", "x" * 300)),
    ],
)
def test_what_no_launcher_sets_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for each, own in (LAUNCHED | {name: value}).items():
        monkeypatch.setenv(each, own)
    with pytest.raises(ConfigError, match=f"Environment variable {name}=") as raised:
        processes()
    assert "\x1b" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_alone_the_other_variables_may_be_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "senior")
    monkeypatch.setenv("MASTER_PORT", "tcp://10.0.0.5:29500")
    assert processes() == 1
