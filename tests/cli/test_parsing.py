"""What options look like, and how errors name them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shoprl.cli.main import COMMANDS
from shoprl.cli.options import OnData, Printing
from shoprl.cli.parsing import flags, parse, with_flags
from shoprl.errors import ConfigError
from shoprl.policies.simple import SIMPLE
from tests.support.cli import Call, refused


@dataclass(frozen=True)
class Settings:
    """Settings.

    Attributes:
        learning_rate: the ``peak``.
        normalize: scale them.
    """

    learning_rate: float = 0.1
    normalize: bool = True


@dataclass(frozen=True, kw_only=True)
class Command(OnData, Printing):
    """A command.

    Attributes:
        needed: must be given.
        file: a file.
        config: how.
    """

    file: Path | None = None
    needed: int
    config: Settings = field(default_factory=Settings)


def helped(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as left:
        parse(Command, "shoprl test", ["--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_options_become_a_command() -> None:
    given = ["--needed", "3", "--data", "x", "--learning-rate", "2", "--json", "--no-normalize"]
    assert parse(Command, "shoprl test", given) == Command(
        needed=3, data=Path("x"), json=True, config=Settings(2.0, False)
    )
    assert parse(Command, "shoprl test", ["--needed=3", "--data=x"]) == Command(needed=3, data=Path("x"))


def test_data_left_out_is_what_the_variable_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="--data PATH: missing"):
        parse(Command, "shoprl test", ["--needed", "3"])
    monkeypatch.setenv("SHOPRL_DATA", "named")
    assert parse(Command, "shoprl test", ["--needed", "3"]).data == Path("named")
    assert parse(Command, "shoprl test", ["--needed", "3", "--data", "x"]).data == Path("x")


def test_the_order_of_use(capsys: pytest.CaptureFixture[str]) -> None:
    """Required ones, the command's own, shared ones, settings."""
    shown = re.findall(r"--[a-z-]+(?= |$)", "\n".join(line[2:20] for line in helped(capsys).splitlines()[3:]))
    assert shown == ["--help", "--needed", "--data", "--file", "--json", "--learning-rate", "--no-normalize"]


def test_help_shows_neither_markup_nor_none(capsys: pytest.CaptureFixture[str]) -> None:
    text = helped(capsys)
    assert "None" not in text
    assert "`" not in text
    assert "--file PATH" in text
    assert "(default: 0.1)" in text


@pytest.mark.parametrize("name", [name for name in COMMANDS if not name.startswith("train ")])
def test_help_of_every_command(call: Call, name: str) -> None:
    answer = call(*name.split(), "--help")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"usage: shoprl {name} ")
    assert "{None}" not in answer.out
    assert "(default: None)" not in answer.out
    assert "``" not in answer.out
    assert "See above" not in answer.out


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.startswith("train ")])
def test_help_of_every_learner(call: Call, name: str) -> None:
    test_help_of_every_command(call, name)
    assert "learner options" in call(*name.split(), "--help").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("evaluate", "--polcy", "rule"),
            "--polcy: no such option. Did you mean --policy? Run `shoprl evaluate --help`",
        ),
        (("train", "dpo", "--learning-rat", 1), "Did you mean --learning-rate"),
        (("catalog", "split", "--sede=3"), "--sede=3: no such option. Did you mean --seed"),
        (("evaluate", "--xyzzy"), "--xyzzy: no such option. Run `shoprl evaluate --help`."),
    ],
)
def test_an_unknown_option_names_close_ones(call: Call, arguments: tuple[object, ...], said: str) -> None:
    refused(call(*arguments), "ConfigError", said)


def test_underscores_are_dashes() -> None:
    assert (
        parse(Command, "shoprl test", ["--needed", "1", "--data", "x", "--learning_rate", "2"]).config.learning_rate
        == 2
    )
    with pytest.raises(ConfigError, match="no such option"):
        parse(Command, "shoprl test", ["--learning_rat", "2"])


def test_flags_of_settings() -> None:
    assert flags(Command) == {
        "data": "--data",
        "json": "--json",
        "file": "--file",
        "needed": "--needed",
        "learning_rate": "--learning-rate",
        "normalize": "--no-normalize",
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("learning_rate 0: must be above 0.", "--learning-rate 0: must be above 0."),
        ("learning_rate nan: is none.", "--learning-rate nan: is none."),
        ("file 'x': is none.", "--file 'x': is none."),
        ("data: no such folder.", "data: no such folder."),  # a folder of that name
        ("x: exists. Choose another `data`, or `other`.", "x: exists. Choose another --data, or `other`."),
        ("Run `shoprl catalog build` again.", "Run `shoprl catalog build` again."),
    ],
)
def test_parameters_are_named_as_options(message: str, shown: str) -> None:
    assert with_flags(message, Command) == shown


@pytest.mark.parametrize("name", ["evaluate", "compare", "recommend"])
def test_built_in_policies_are_named_where_a_policy_is_given(call: Call, name: str) -> None:
    text = " ".join(call(name, "--help").out.replace("│", " ").split())
    assert f"{', '.join(('rule', 'rule-options', 'random'))}" in text
    assert set(SIMPLE) == {"rule", "rule-options", "random"}
