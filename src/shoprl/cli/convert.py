"""``shoprl convert``: WebShop's published checkpoints as policy folders."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from shoprl.cli.options import Printing
from shoprl.cli.output import emit, table
from shoprl.errors import PolicyError, RunError
from shoprl.settings import Range

if TYPE_CHECKING:  # brings torch
    from shoprl.compat.published import Conversion


@dataclass(frozen=True, kw_only=True)
class Convert(Printing):
    """Convert a published WebShop checkpoint into a policy folder.

    Attributes:
        checkpoint: choice_il_epoch9.pth, or the unpacked folder of the search model (BART).
        out: the policy folder to write; must not exist.
        tokenizer: hub id or folder of the tokenizer that the model was trained with; for the choice model it may be
            left out: the default backbone's has the vocabulary of bert-base-uncased.
        heads: attention heads of the choice model's BERT; its width divided by 64 when left out.
        partial: write the policy although some weights do not fit or are missing.
    """

    checkpoint: Path
    out: Path
    tokenizer: str | None = None
    heads: Annotated[int, Range(1, 1_024)] | None = None
    partial: bool = False

    def execute(self) -> None:
        """Run the command."""
        if self.out.exists():
            raise RunError(f"{self.out}: exists already. Choose another folder with --out.")
        if not self.checkpoint.exists():
            raise PolicyError(f"{self.checkpoint}: no such file or folder. Check the path.")
        report = self._search() if self.checkpoint.is_dir() else self._choice()
        done = report.complete or self.partial
        kind = "query" if self.checkpoint.is_dir() else "bi_attention"
        answer = {"kind": kind, "policy": str(self.out) if done else None, **report.to_json()}
        emit(answer, _text(report) + (f"\n{kind} policy in {self.out}" if done else ""), self.json)
        if not done:
            raise PolicyError(
                f"{self.checkpoint}: some weights do not fit; nothing was written. Use --partial to do without them."
            )

    def _choice(self) -> "Conversion":
        from shoprl.compat.published import convert_choice
        from shoprl.policies.networks.backbone import DEFAULT
        from shoprl.policies.saving import save_policy

        policy, report = convert_choice(self.checkpoint, self.tokenizer or DEFAULT, self.heads)
        if report.complete or self.partial:
            save_policy(policy, self.out, {"converted": self.checkpoint.name, **report.to_json()})
        return report

    def _search(self) -> "Conversion":
        from shoprl.compat.published import convert_search

        policy, report = convert_search(self.checkpoint, self.tokenizer)
        if report.complete or self.partial:
            policy.save(self.out, {"converted": self.checkpoint.name, **report.to_json()})
        return report


def _text(report: "Conversion") -> str:
    counts = [("matched", report.matched), ("unused", len(report.unused))]
    groups = {"unmatched": report.unmatched, "other shape": report.other_shape, "missing": report.missing}
    rows = [*counts, *((name, len(names)) for name, names in groups.items())]
    notes = [f"{name}: {each}" for name, names in groups.items() for each in names]
    return "\n".join([table(("weights", "number"), rows), *notes])
