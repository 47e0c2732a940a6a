"""Draw docs/figures/figure-4.png from the recorded studies: `python benchmarks/figures.py`.

Left: success of each learner on the test goals, its actions drawn, against the updates it made after imitation; the
mean over seeds as a line, its 95% interval over seeds (Student's t) as a band. Right: how many rollouts Thompson
sampling gave to each. Single rollouts are not among the recorded data, so that the paper's own axis, the rollouts
played so far, cannot be drawn from it.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from shoprl.errors import RunError
from shoprl.evaluation.results import RunResults
from shoprl.evaluation.statistics import over_seeds
from shoprl.reading import read_json
from shoprl.report.plots import PALETTE, drawing, legend, save

ROOT = Path(__file__).parents[1]
STUDIES = ROOT / "benchmarks" / "results" / "studies"
FIGURE = ROOT / "docs" / "figures" / "figure-4.png"
START = "imitation"  # which every learner continues from
LEARNERS = {"dpo": "DPO", "ppo": "PPO", "policy-gradient": "policy gradient", "control": "imitation continued"}
COLORS = dict(zip((*LEARNERS, START, "rnn"), PALETTE, strict=False))
Points = Mapping[int, Sequence[float]]  # updates -> success in each seed, in percent


def read_study(name: str) -> list[RunResults]:
    """The recorded results of a study, one a seed."""
    paths = sorted(STUDIES.glob(f"{name}-seed-*.json"))
    return [RunResults.from_json(read_json(path, RunError)["results"], path) for path in paths]


def curves(studies: Sequence[Sequence[RunResults]]) -> dict[str, Points]:
    """Of each learner: updates after imitation -> success with drawn actions in each seed."""
    points: dict[str, dict[int, list[float]]] = {learner: {} for learner in LEARNERS}
    for learner in LEARNERS:
        for runs in studies:
            names = [name for name in runs[0].agents or {} if name in (learner, START) or _is_longer(name, learner)]
            for name in names:
                rows = [(run.agents or {})[name] for run in runs]
                updates = 0 if name == START else rows[0].own_updates or 0
                points[learner][updates] = [100 * (row.sampled.success_rate or 0) for row in rows if row.sampled]
    return {learner: dict(sorted(values.items())) for learner, values in points.items()}


def _is_longer(name: str, learner: str) -> bool:
    """Whether an agent is a learner's with another number of updates, such as dpo-480."""
    return name.startswith(f"{learner}-") and name.removeprefix(f"{learner}-").isdigit()


def rollouts(runs: Sequence[RunResults]) -> Iterator[tuple[str, list[int]]]:
    """Each arm and the rollouts that it was given in each seed."""
    played = [run.thompson.arms for run in runs if run.thompson and run.thompson.arms]
    for name in played[0]:
        yield name, [arms[name].rollouts or 0 for arms in played]


def draw(path: Path) -> None:
    """Draw both panels."""
    learners, longer = read_study("learners"), read_study("longer")
    with drawing(9.6, 4.2) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.7, 1))
        lines = []
        for learner, points in curves((learners, longer)).items():
            updates, color = list(points), COLORS[learner]
            estimates = [over_seeds(values) for values in points.values()]
            low, high = np.array([(each.low, each.high) for each in estimates]).clip(0, 100).T
            left.fill_between(updates, low, high, color=color, alpha=0.1, linewidth=0)
            for edge in (low, high):
                left.plot(updates, edge, color=color, linewidth=0.9, linestyle=":")
            lines += left.plot(updates, [each.value for each in estimates], color=color, marker="o", markersize=4)
        left.set(title="Success of drawn actions (%)", xlabel="Updates after imitation", xlim=(0, 490))
        given = dict(rollouts(learners))
        for row, (name, counts) in enumerate(given.items()):
            right.plot(counts, [row] * len(counts), "o", color=COLORS[name], markersize=4.5, alpha=0.55)
            right.plot([sum(counts) / len(counts)], [row], "|", color=COLORS[name], markersize=17, markeredgewidth=3)
        labels = [LEARNERS.get(name, name.replace("rnn", "RNN")) for name in given]
        right.set_yticks(range(len(given)), labels)
        right.set(title="Rollouts given to each arm", xlim=(-15, 1000), xlabel="of 1,000; points: seeds, bar: mean")
        right.set_ylim(len(given) - 0.5, -0.5)
        legend(figure, lines, list(LEARNERS.values()))
        save(figure, path)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else FIGURE)
