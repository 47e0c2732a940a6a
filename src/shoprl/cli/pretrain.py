"""``shoprl pretrain``: an agent that shops in any catalogue, from generated ones alone."""

from dataclasses import asdict, dataclass

from shoprl.cli.coached import run_coached
from shoprl.cli.options import Printing, RunFolder, Seeded, Threaded, prepare
from shoprl.experiments.pretraining import SIZES, SizeName, pretrain


@dataclass(frozen=True, kw_only=True)
class Pretrain(RunFolder, Seeded, Threaded, Printing):
    """Pretrain an agent on generated catalogues of many styles.

    An expert shows how to shop in them, then the agent shops itself and the expert corrects it, in rounds. One seed and
    one number of threads give the same weights.

    Attributes:
        out: the run folder: policies of every round, training, policy and run.json. Must be new or empty, or an
            unfinished run to continue with --resume.
        size: full is what the package carries; tiny only shows that it runs.
    """

    size: SizeName = "full"

    def execute(self) -> None:
        """Run the command."""
        prepare(self.seed, self.threads)
        config = SIZES[self.size].seeded(self.seed)
        settings = {"config": asdict(config), "threads": self.threads}
        run_coached(self.out, settings, None, self.resume, lambda: pretrain(self.out, config), self.json)
