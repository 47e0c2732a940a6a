"""What ``shoprl pretrain`` and ``shoprl adapt`` share: a run that makes one policy in rounds of coached episodes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from shoprl.cli.output import emit
from shoprl.errors import RunError
from shoprl.experiments.coached import Coached
from shoprl.policies.saving import save_policy
from shoprl.reading import read_json
from shoprl.runlog import RUN, carry_out
from shoprl.training.loop import weights_digest

POLICY = "policy"


def run_coached(
    out: Path,
    settings: Mapping[str, Any],
    data: Path | None,
    resume: bool,
    make: Callable[[], Coached],
    printed_as_json: bool,
) -> None:
    """Make a policy in a run folder and print where it is.

    Args:
        out: the run folder.
        settings: what defines the run.
        data: the data folder, if there is one.
        resume: continue an unfinished run.
        make: makes the policy.
        printed_as_json: print one JSON document.
    """

    def work(record: dict[str, Any]) -> dict[str, Any]:
        made = make()
        answer = {"examples": made.examples, "weights": weights_digest(made.policy.model), "last": dict(made.log[-1])}
        save_policy(made.policy, out / POLICY, {"settings": dict(settings), **answer})
        record |= {"policy": POLICY, **answer}
        return answer

    def again() -> dict[str, Any]:
        record = read_json(out / RUN, RunError)
        return {name: record.get(name) for name in ("examples", "weights", "last")}

    answer = carry_out(out, settings, data, resume, made=POLICY, work=work, again=again)
    text = f"{answer['examples']:,} decisions learned from\nweights  {answer['weights']}\npolicy   {out / POLICY}"
    emit({"policy": str(out / POLICY), **answer}, text, printed_as_json)
