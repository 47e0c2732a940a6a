"""``shoprl adapt``: makes an agent at home in a shop, without demonstrations."""

from dataclasses import asdict, dataclass

from shoprl.cli.coached import run_coached
from shoprl.cli.options import (
    Confirming,
    OnData,
    OnGoals,
    PolicyName,
    Printing,
    RunFolder,
    Searching,
    Seeded,
    Strict,
    Threaded,
    prepare,
)
from shoprl.experiments.adaptation import SIZES, SizeName, adapt, own_goals
from shoprl.experiments.coached import Coached, check_judging
from shoprl.files import sha256_of
from shoprl.policies.packaged import MANIFEST, PRETRAINED, policy_folder
from shoprl.policies.saving import load_learned
from shoprl.shop.data import read_data, read_shop
from shoprl.shop.goal import goals_hash


@dataclass(frozen=True, kw_only=True)
class Adapt(OnData, OnGoals, Searching, RunFolder, Confirming, Seeded, Threaded, Strict, Printing):
    """Adapt an agent to a shop, without demonstrations.

    The agent practises on goals made from the catalogue itself, over all products that have something to ask for, while
    an expert corrects it. What it learned in generated catalogues is kept up beside that.

    Attributes:
        out: the run folder: training, policy and run.json. Must be new or empty, or an unfinished run to continue with
            --resume.
        policy: a policy folder with the match network to start from, or pretrained; it is not changed.
        size: full takes some minutes; standard takes half an hour and practises on the data folder's own training goals
            as well; tiny only shows that it runs.
    """

    policy: PolicyName = PRETRAINED
    size: SizeName = "full"

    def execute(self) -> None:
        """Run the command."""
        prepare(self.seed, self.threads)
        folder = policy_folder(self.policy)
        start = load_learned(folder, backbone=self.backbone)
        check_judging(start)
        config, encoder = SIZES[self.size].seeded(self.seed), self.encoder(self.data)
        if config.own:
            data = read_data(self.data, self.strict, search=self.search, encoder=encoder, goals=self.goals)
            shop, own = data.shop, own_goals(data, config)
        else:
            shop, own = read_shop(self.data, self.strict, search=self.search, encoder=encoder), []
        settings = {
            "config": asdict(config),
            "policy": {"name": self.policy, "sha256": sha256_of(folder / MANIFEST)},
            "search": self.search,
            "catalog": shop.catalog.content_hash,
            "own_goals": goals_hash(own) if own else None,
            "threads": self.threads,
        }

        def work() -> Coached:
            return adapt(self.out, shop, start, config, own)

        run_coached(self.out, settings, self.data, self.resume, work, self.json)
