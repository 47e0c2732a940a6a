"""The table of commands: what `shoprl` says of itself, what it imports, and how it fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from shoprl.cli.main import COMMANDS, GROUPS, load
from shoprl.version import __version__
from tests.support.cli import Call, refused


def test_the_version(call: Call) -> None:
    answer = call("--version")
    assert (answer.code, answer.out) == (0, f"shoprl {__version__}\n")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(call: Call, flag: str) -> None:
    answer = call(flag)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    for name in COMMANDS:
        assert any(line.startswith(f"  {name.split()[0]} ") for line in lines)
    assert max(map(len, lines)) <= 100
    for group in GROUPS:
        answer = call(group, flag)
        assert answer.code == 0
        methods = [name.split()[1] for name in COMMANDS if name.startswith(f"{group} ")]
        assert all(f"\n  {method} " in answer.out for method in methods)
        assert call(group).code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    command = load(name)
    assert callable(command.execute)
    assert (command.__doc__ or "").splitlines()[0] == COMMANDS[name][1]  # one text in both places


def test_groups_are_those_of_the_table() -> None:
    assert {name.split()[0] for name in COMMANDS if " " in name} == set(GROUPS)


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"], ["trian"]])
def test_help_imports_no_command(arguments: list[str]) -> None:
    code = (
        "import sys; from shoprl.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(sorted({'torch', 'tyro', 'numpy', 'shoprl.cli.train'} & set(sys.modules)).__repr__())"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "[]"


def test_a_command_imports_no_other() -> None:
    code = (
        "import sys; from shoprl.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(sorted(name for name in sys.modules if name.startswith(('torch', 'shoprl.cli.train'))).__repr__())"
    )
    arguments = ["evaluate", "--help"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trian", "dpo"), "trian: no such command. Did you mean train or pretrain? Run `shoprl --help`."),
        (("train", "dop"), "dop: no such command. Did you mean dpo? Run `shoprl train --help`."),
        (("catalog", "spilt", "--out", "x"), "Did you mean split? Run `shoprl catalog --help`."),
        (("--verison",), "--verison: no such option. Run `shoprl --help`."),
        (("xyz",), "xyz: no such command. Run `shoprl --help`."),
    ],
)
def test_an_unknown_command_names_close_ones(call: Call, arguments: tuple[str, ...], said: str) -> None:
    refused(call(*arguments), "ConfigError", said)


def test_a_library_error_names_the_option(call: Call, tmp_path: object) -> None:
    out = f"{tmp_path}/out"
    refused(call("catalog", "generate", "--products", 40, "--out", out, "--seed", "-1"), "ConfigError", "--seed -1: ")


def test_the_installed_command_answers() -> None:
    shoprl = Path(sys.executable).with_name("shoprl")
    done = subprocess.run([shoprl, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    for command in ("reproduce", "evaluate", "recommend", "catalog"):
        assert command in done.stdout


@pytest.mark.parametrize("name", ["WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_PORT"])
def test_a_launchers_variable_that_is_none_is_named(call: Call, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv(name, "abc")
    refused(call("evaluate", "--policy", "rule", "--data", "nowhere"), "ConfigError", f"{name}='abc'")
