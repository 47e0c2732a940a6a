"""A WebShop-compatible shop, agents that learn to shop in it, and recommendations made of them."""

import logging
import os
import sys
from dataclasses import dataclass
from typing import Any

import tyro

from shoprl.cli.bench import BenchCommand
from shoprl.cli.catalog import CatalogCommand
from shoprl.cli.compare import Compare
from shoprl.cli.convert import Convert
from shoprl.cli.env_server import EnvServer
from shoprl.cli.evaluate import Evaluate
from shoprl.cli.parity import Parity
from shoprl.cli.preferences import PreferencesCommand
from shoprl.cli.recommend import Recommend
from shoprl.cli.report import Report
from shoprl.cli.reproduce import Reproduce
from shoprl.cli.study import StudyCommand
from shoprl.cli.train_query import TrainQuery
from shoprl.cli.trajectories import TrajectoriesCommand
from shoprl.errors import ConfigError, ShopRLError


@dataclass(frozen=True)
class Train:
    """Train a policy: imitation, dpo, policy-gradient, ppo or self-learning (see `shoprl train --help`)."""


COMMANDS: dict[str, Any] = {
    "reproduce": Reproduce,
    "train": Train,
    "evaluate": Evaluate,
    "compare": Compare,
    "report": Report,
    "recommend": Recommend,
    "catalog": CatalogCommand,
    "trajectories": TrajectoriesCommand,
    "preferences": PreferencesCommand,
    "study": StudyCommand,
    "bench": BenchCommand,
    "env-server": EnvServer,
    "parity": Parity,
    "train-query": TrainQuery,
    "convert": Convert,
}


def _commands() -> dict[str, Any]:
    """The commands; that of the learners, whose settings take seconds to import, only where it is called."""
    if sys.argv[1:2] != ["train"]:
        return COMMANDS
    from shoprl.cli.train import TrainCommand

    return COMMANDS | {"train": TrainCommand}


def _check_processes() -> None:
    """Refuse several processes where they would all write one folder."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and sys.argv[1:2] not in (["train"], ["train-query"]):
        raise ConfigError("Only `train` and `train-query` run in several processes. Start this without a launcher.")


def main() -> None:
    """Parse the arguments and run a command; exits with 2 on bad input."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    try:
        _check_processes()
        command = tyro.extras.subcommand_cli_from_dict(
            _commands(),
            prog="shoprl",
            description=__doc__,
            config=(tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
        )
        command.execute()
    except ShopRLError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(2)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"ConfigError: {error.name} is not installed. Run `pip install 'shoprl[all]'`.\n")
        sys.exit(2)
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        sys.stderr.write(f"StorageError: {error}. Check the path, its permissions and the space left.\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. A command that has --resume goes on with it.\n")
        sys.exit(130)


if __name__ == "__main__":  # `accelerate launch -m shoprl.cli.main`
    main()
