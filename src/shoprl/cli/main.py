"""The command ``shoprl``: the table of its commands, of which only the one called is imported."""

import logging
import os
import signal
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NoReturn

from shoprl.errors import ConfigError, ShopRLError
from shoprl.launcher import processes
from shoprl.terminal import plain_streams, shown
from shoprl.version import __version__

ABOUT = "A WebShop-compatible shop, agents that learn to shop in it, and recommendations from them."
COMMANDS: dict[str, tuple[str, str]] = {  # name -> the class that runs it, its first line of help
    "reproduce": ("reproduce:Reproduce", "Run an experiment end to end: train, compare and report."),
    "recommend": ("recommend:Recommend", "Recommend products for a request."),
    "pretrain": ("pretrain:Pretrain", "Pretrain an agent on generated catalogues of many styles."),
    "adapt": ("adapt:Adapt", "Adapt an agent to a shop, without demonstrations."),
    "train imitation": (
        "train:imitation",
        "Imitate demonstrations: cross entropy of the demonstrated action over the available ones.",
    ),
    "train dpo": (
        "train:dpo",
        "Prefer what was demonstrated to what the policy would do: DPO with rejected actions drawn from it.",
    ),
    "train policy-gradient": (
        "train:policy-gradient",
        "Policy gradient on training goals: WebShop's advantage actor-critic.",
    ),
    "train ppo": ("train:ppo", "PPO on training goals."),
    "train self-learning": (
        "train:self-learning",
        "DPO on preferences that the policy generates itself on training goals, in rounds.",
    ),
    "train-query": ("train_query:TrainQuery", "Train a query policy, which turns instructions into searches."),
    "evaluate": ("evaluate:Evaluate", "Measure a policy: success rate and score with 95% intervals."),
    "compare": ("compare:Compare", "Find the best of several policies by Thompson sampling."),
    "study": ("study:StudyCommand", "Run studies over several seeds and write their reports."),
    "goals": ("goals:Goals", "Print goals as JSON lines, those made of WebShop's files in WebShop's order."),
    "report": ("report:Report", "Write one HTML page about finished runs."),
    "catalog import": ("catalog_feeds:Import", "Make a shop of a product feed, ready for every command's --data."),
    "catalog update": ("catalog_feeds:Update", "Change a shop's products in place, without building it again."),
    "catalog generate": ("catalog:Generate", "Generate a shop: catalogue, goals and splits in WebShop's formats."),
    "catalog build": ("catalog:Build", "Build the store of a data folder, which opens at once."),
    "catalog vectors": ("catalog:Vectors", "Make the vectors of a shop's products, for hybrid search."),
    "catalog words": (
        "catalog:Words",
        "Encode the words of a shop's products for a policy, whose first answer then comes at once.",
    ),
    "catalog verify": ("catalog:Verify", "Check every byte of a data folder's store."),
    "catalog attributes": ("catalog:Attributes", "Mine attributes of products by TF-IDF, as WebShop did."),
    "catalog goals": (
        "catalog_goals:Goals",
        "Make goals of a catalogue's own attributes, options and prices, and split them.",
    ),
    "catalog split": ("catalog:Split", "Split goals into train, eval and test, with a content hash."),
    "trajectories show": ("trajectories:Show", "Show trajectories step by step."),
    "trajectories filter": ("trajectories:Filter", "Write the trajectories that fulfil every given condition."),
    "trajectories stats": ("trajectories:Stats", "Count what a trajectory file holds."),
    "trajectories import": ("trajectory_sources:Import", "Import people's trajectories, as far as they replay here."),
    "trajectories demonstrate": ("trajectory_sources:Demonstrate", "Make demonstrations by simulated shoppers."),
    "trajectories export": (
        "trajectory_export:Export",
        "Write trajectories as prompts and completions, to fine-tune a language model on.",
    ),
    "preferences make": ("preference_maker:Make", "Make pairs: a demonstrated action, and another of a policy."),
    "preferences show": ("preferences:Show", "Show preference pairs."),
    "preferences stats": ("preferences:Stats", "Count what a file of preference pairs holds."),
    "preferences export": ("preferences:Export", "Write the pairs that fulfil every given condition, also for TRL."),
    "serve": ("serve:Serve", "Serve recommendations over HTTP, keep feedback, and learn from it."),
    "mcp": (
        "mcp:Mcp",
        "Give an assistant tools to search the shop, to recommend, and to order, over the Model Context Protocol.",
    ),
    "keys make": ("keys:Make", "Make an API key of a service; it is shown this once."),
    "keys list": ("keys:List", "List the API keys of a service, without their secrets."),
    "keys revoke": ("keys:Revoke", "Revoke an API key of a service, within two seconds."),
    "learn": (
        "learn:Learn",
        "Learn a policy from the feedback of a service, with a control beside it, and register it there.",
    ),
    "replay-decision": (
        "replay_decision:ReplayDecision",
        "Make a decision again from its log, and compare: which policy was drawn, and the list with its propensities.",
    ),
    "env-server": ("env_server:EnvServer", "Serve the environment over HTTP."),
    "parity": ("parity:Parity", "Check that a shop answers as the original WebShop did."),
    "convert": ("convert:Convert", "Convert a published WebShop checkpoint into a policy folder."),
    "bench env": ("bench:Env", "Measure environment steps a second in one process."),
    "bench search": ("bench:Search", "Measure the time of a search."),
    "bench quality": (
        "bench_quality:Quality",
        "Measure how good lists of products are: those of an agent, and those of searches.",
    ),
    "bench off-policy": (
        "bench_off_policy:OffPolicy",
        "Estimate one policy's click rate from another policy's log, and compare it with what it was.",
    ),
    "bench recommend": ("bench_recommend:Recommend", "Measure the time of a recommendation."),
    "bench startup": ("bench:Startup", "Measure import time and the time to the first step."),
    "bench memory": ("bench:Memory", "Measure the memory of environments and workers."),
    "bench import": ("bench:Feeds", "Measure the import of product feeds of several sizes."),
    "bench update": ("bench:Update", "Measure an update of a store, and searches before and after it."),
    "bench scale": ("bench:Scale", "Measure build time, search time and memory for shops of several sizes."),
    "bench feedback": (
        "bench_feedback:Feedback",
        "Measure what a service learns from the reactions of simulated shoppers.",
    ),
    "bench learn": ("bench:Learn", "Measure seconds an update of each learner, and decisions a second."),
}
GROUPS = {
    "train": "Train a policy with one learner.",
    "catalog": "Import a product feed, update its shop, generate a shop, build stores, make goals.",
    "trajectories": "Show, filter, count, import, export and make trajectories.",
    "preferences": "Make, show, count and export preference pairs.",
    "keys": "Make, list and revoke the API keys of a service.",
    "bench": "Measure speed and memory of the environment and the learners.",
}
LONGEST_ERROR = 4_000  # characters
INTERRUPTED = "Interrupted. A command that has --resume continues with it."
SEVERAL_PROCESSES = ("train", "train-query")


def main() -> None:
    """Parse the arguments and run a command; exits with 2 on bad input."""
    _open_closed_streams()
    with plain_streams():
        try:
            with _interruptible():
                command = _command()
            _run(command)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read the output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still to be flushed goes nowhere
            sys.exit(0)


def _command() -> Any:
    """The command that was called, with its options."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    with _named(None):
        name = _called(sys.argv[1:])
        if processes() > 1 and name.split()[0] not in SEVERAL_PROCESSES:
            raise ConfigError("Only `train` and `train-query` run in several processes. Start this without a launcher.")
        kind = load(name)
    with _named(kind):
        from shoprl.cli.parsing import parse

        return parse(kind, f"shoprl {name}", sys.argv[1 + len(name.split()) :])


def _run(command: Any) -> None:
    with _named(type(command)):
        command.execute()


@contextmanager
def _named(command: type | None) -> Iterator[None]:
    """Turn errors into one line that says what is wrong, and an exit code.

    Args:
        command: the class whose options a message may be about.
    """
    try:
        yield
    except ShopRLError as error:
        _fail(f"{type(error).__name__}: {_with_flags(str(error), command)}")
    except ModuleNotFoundError as error:
        _fail(f"ConfigError: {error.name} is not installed. Run `pip install 'shoprl[all]'`.")
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(f"StorageError: {error}. Check the path, its permissions and the free space.")
    except MemoryError:
        _fail("StorageError: The memory is not enough for this. Give fewer or smaller files, or smaller settings.")
    except RecursionError:
        _fail("StorageError: A file is nested too deeply to be read. Check the files given.")
    except KeyboardInterrupt:
        _fail(INTERRUPTED, 130)


@contextmanager
def _interruptible() -> Iterator[None]:
    """End at once on Ctrl-C: nothing is lost yet, and modules cut off while they are imported fail in odd ways."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        os.write(2, f"{INTERRUPTED}\n".encode())
        os._exit(130)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _open_closed_streams() -> None:
    """Give the standard streams that were closed a place: files opened later would take theirs."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: SIM115  (open to the end)


def load(name: str) -> Any:
    """The class that runs a command; of all commands, its module alone is imported."""
    place, _, kind = COMMANDS[name][0].partition(":")
    module: Any = import_module(f"shoprl.cli.{place}")
    return module.COMMANDS[kind] if place == "train" else getattr(module, kind)  # learners come from a table


def _fail(text: str, code: int = 2) -> NoReturn:
    with suppress(OSError):  # a full disk behind it
        sys.stderr.write(f"{shown(text, LONGEST_ERROR)}\n")
    sys.exit(code)


def _called(arguments: Sequence[str]) -> str:
    """The command that arguments begin with; prints help or the version and exits where that is asked for.

    Raises:
        ConfigError: there is no such command.
    """
    first = arguments[0] if arguments else ""
    second = arguments[1] if len(arguments) > 1 else ""
    group = f"{first} " if first in GROUPS else ""
    word = second if group else first
    if group + word in COMMANDS:
        return group + word
    if word == "--version" and not group:
        sys.stdout.write(f"shoprl {__version__}\n")
        sys.exit(0)
    if word in ("-h", "--help", ""):
        (sys.stdout if word else sys.stderr).write(_help(group))
        sys.exit(0 if word else 2)
    names = [name.removeprefix(group) for name in COMMANDS if name.startswith(group)] if group else [*_top_level()]
    close = get_close_matches(word, names, n=3)
    meant = f" Did you mean {' or '.join(close)}?" if close else ""
    what = "option" if word.startswith("-") else "command"
    raise ConfigError(f"{shown(word)}: no such {what}.{meant} Run `shoprl {group}--help`.")


def _top_level() -> dict[str, str]:
    """The first words of all commands, with their help, in the table's order."""
    return {name.split()[0]: GROUPS.get(name.split()[0], about) for name, (_, about) in COMMANDS.items()}


def _help(group: str) -> str:
    rows = (
        {name.removeprefix(group): about for name, (_, about) in COMMANDS.items() if name.startswith(group)}
        if group
        else _top_level()
    )
    width = max(map(len, rows)) + 4
    lines = [
        textwrap.fill(about, 80, initial_indent=f"  {name}".ljust(width), subsequent_indent=" " * width)
        for name, about in rows.items()
    ]
    usage = f"usage: shoprl {group}COMMAND [OPTIONS]" + ("" if group else "\n       shoprl --version")
    about = GROUPS[group.strip()] if group else ABOUT
    end = f"Run `shoprl {group}COMMAND --help` for the options of a command."
    return "\n".join((usage, "", about, "", "commands:", *lines, "", end, ""))


def _with_flags(message: str, command: type | None) -> str:
    """A library's message with its parameters named as the options of the called command."""
    if command is None:
        return message
    from shoprl.cli.parsing import with_flags

    return with_flags(message, command)


if __name__ == "__main__":  # `accelerate launch -m shoprl.cli.main`
    main()
