"""Options that commands share, each declared here alone, and what seed, threads and device mean to a process."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from shoprl.settings import Seed, Settings, Steps, Threads
from shoprl.shop.searching import SearchKind, best_search, vectors_of
from shoprl.shop.session import MAX_STEPS

if TYPE_CHECKING:
    from shoprl.policies.base import Policy
    from shoprl.search.encoder import Encoder
    from shoprl.training.processes import Team

DeviceName = Literal["auto", "cpu", "cuda"]
PolicyName = Annotated[str, tyro.conf.arg(metavar="PATH")]  # of a learned policy: its folder, or pretrained


@dataclass(frozen=True, kw_only=True)
class Printing(Settings):
    """How results are printed.

    Attributes:
        json: print one JSON document on stdout and nothing else.
    """

    json: bool = False


@dataclass(frozen=True, kw_only=True)
class OnData(Settings):
    """A command that needs a shop; on the command line the one that ``SHOPRL_DATA`` names where it is left out.

    Attributes:
        data: a shop, a data folder (WebShop's files, or what shoprl catalog generate wrote) or a product feed, which is
            imported once.
    """

    data: Path


@dataclass(frozen=True, kw_only=True)
class OnAnyData(Settings):
    """A command whose data folder is optional.

    Attributes:
        data: a shop, a data folder (WebShop's files, or what shoprl catalog generate wrote) or a product feed, which is
            imported once.
    """

    data: Path | None = None


@dataclass(frozen=True, kw_only=True)
class OnGoals(Settings):
    """A command that needs a shop's goals.

    Attributes:
        goals: human or synthetic: WebShop's goals of that kind, in its order (human-numpy and synthetic-numpy: in that
            of earlier versions); or a goals file (JSON lines, .gz allowed). The shop's own goals when left out.
    """

    goals: Annotated[str | None, tyro.conf.arg(metavar="human|synthetic|FILE", help_behavior_hint="")] = None


@dataclass(frozen=True, kw_only=True)
class Searching(Settings):
    """How the shop searches.

    Attributes:
        search: bm25 searches as WebShop does; hybrid by all fields of a product and by meaning, with the vectors that
            shoprl catalog vectors made.
    """

    search: SearchKind = "bm25"

    def encoder(self, data: Path) -> "Encoder | None":
        """The encoder of queries; see :func:`query_encoder`."""
        return query_encoder(self.search, data, getattr(self, "backbone", ()))


@dataclass(frozen=True, kw_only=True)
class SearchingBest(Settings):
    """How the shop of a list searches.

    Attributes:
        search: bm25 searches as WebShop does; hybrid by all fields of a product and by meaning, with the vectors that
            shoprl catalog vectors made. When left out, hybrid where the shop has vectors.
    """

    search: SearchKind | None = None

    def search_of(self, data: Path) -> SearchKind:
        """The search of a shop."""
        return best_search(data, self.search)

    def encoder(self, data: Path) -> "Encoder | None":
        """The encoder of queries; see :func:`query_encoder`."""
        return query_encoder(self.search_of(data), data, getattr(self, "backbone", ()))


def query_encoder(search: SearchKind, data: Path, backbone: tuple[str, ...]) -> "Encoder | None":
    """The encoder of queries, that of the shop's vectors; None where none is needed or installed.

    Raises:
        BackboneError: it cannot be loaded.
        ConfigError: it is none that the user named.
    """
    if search == "bm25":
        return None
    try:
        from shoprl.policies.networks.sentences import sentence_encoder
    except ModuleNotFoundError:
        return None
    made = vectors_of(data)
    return sentence_encoder(made.sha256 if made else None, backbone)


@dataclass(frozen=True, kw_only=True)
class Strict(Settings):
    """How damaged products are handled.

    Attributes:
        strict: fail on a product that cannot be read; otherwise it is skipped with a warning.
    """

    strict: bool = False


@dataclass(frozen=True, kw_only=True)
class RunFolder(Settings):
    """A run with a folder of its own, which can be continued.

    Attributes:
        out: the run folder; must be new or empty, or an unfinished run to continue with --resume.
        resume: continue an unfinished run of the same settings.
    """

    out: Path
    resume: bool = False


@dataclass(frozen=True, kw_only=True)
class NewFile(Settings):
    """A command that writes one file.

    Attributes:
        out: the file to write; must not exist.
    """

    out: Path


@dataclass(frozen=True, kw_only=True)
class StepLimit(Settings):
    """How long an episode may be.

    Attributes:
        max_steps: an episode ends after this many steps.
    """

    max_steps: Steps = MAX_STEPS


@dataclass(frozen=True, kw_only=True)
class Seeded(Settings):
    """Where random draws come from.

    Attributes:
        seed: seed of every random draw, from 0 to 4294967295.
    """

    seed: Seed = 0


@dataclass(frozen=True, kw_only=True)
class Threaded(Settings):
    """What torch computes with.

    Attributes:
        threads: processor threads; results are repeatable for one seed and one number of threads.
    """

    threads: Threads = 2


@dataclass(frozen=True, kw_only=True)
class OnDevice(Settings):
    """Where a network is trained.

    Attributes:
        device: where the network is trained; auto is a GPU where torch finds one, with mixed precision.
    """

    device: DeviceName = "auto"


@dataclass(frozen=True, kw_only=True)
class Confirming:
    """A command that loads policies, which never say where a backbone is loaded from.

    Attributes:
        backbone: hub id or folder of the pretrained encoder that a policy was trained on, where that is not the default
            one; its weights must be those of the training. Give it once for each, if there are several.
    """

    backbone: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()


def prepare(seed: int, threads: int, device: DeviceName = "cpu") -> "Team":
    """Set torch up so that seed and threads decide its results.

    Args:
        seed: of the command's draws.
        threads: of this process.
        device: where networks are trained.

    Returns:
        The processes that compute together: one, unless a launcher started more.

    Raises:
        ConfigError: the seed, the number of threads or the device cannot be used.
    """
    import torch

    from shoprl.training.processes import device_for, team_on

    team = team_on(device_for(device))
    torch.set_num_threads(threads)
    # A GPU has none for some operations. (use_deterministic_algorithms imports the compiler, which takes a second.)
    torch.set_deterministic_debug_mode("error" if team.device.type == "cpu" else "default")
    return team


def policy_of_name(name: str, seed: int, threads: int, backbone: tuple[str, ...] = ()) -> "Policy":
    """A policy by its name or from its folder; torch is imported for one with a network alone.

    Raises:
        ConfigError: see :func:`prepare`.
        PolicyError, BackboneError: it cannot be loaded.
    """
    from shoprl.policies.simple import simple_policy

    known = simple_policy(name)
    if known is not None:
        return known
    prepare(seed, threads)
    from shoprl.policies.saving import load_policy

    return load_policy(name, backbone=backbone)
