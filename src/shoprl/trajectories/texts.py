"""Trajectories as texts: what a language model reads at each step, and what it should write.

A row is ``prompt`` and ``completion``, the form that TRL's supervised fine-tuning reads; the prompt is the one that a
language model acts on (:func:`shoprl.policies.prompts.prompt_of`).
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from shoprl.errors import TrajectoryError
from shoprl.policies.prompts import Messages, answered, asked, prompt_of
from shoprl.progress import track
from shoprl.rollouts.records import Episode
from shoprl.tasks.base import Task
from shoprl.tasks.instruction import WISH, Queries
from shoprl.trajectories.examples import replay

G = TypeVar("G")
Row = dict[str, str] | dict[str, Messages]


def text_rows(
    task: Task[G], goals: Sequence[G], episodes: Sequence[Episode], chat: bool = False, queries: Queries = WISH
) -> Iterator[Row]:
    """A row for each decision, without slips and actions that are not available.

    Searches and other forced moves are there, which imitation leaves out: a model that writes freely has to learn them.

    Args:
        task: the task they were recorded in.
        goals: the goal list that their goal indices point into.
        episodes: the trajectories.
        chat: messages in place of texts, for a model with a chat template.
        queries: a policy's ``queries``, which decide the available searches.

    Raises:
        TrajectoryError: a trajectory does not fit the task or the goals.
    """
    for episode in track(episodes, "replaying trajectories", unit="episode"):
        if not 0 <= episode.goal_index < len(goals):
            raise TrajectoryError(f"A trajectory is of goal {episode.goal_index}; there are {len(goals)} goals.")
        for position, (state, taken) in enumerate(replay(task, goals[episode.goal_index], episode, queries)):
            if taken is None or position in episode.slips:
                continue
            prompt, action = prompt_of(state), state.candidates[taken].action
            if chat:
                yield {"prompt": asked(prompt), "completion": answered(action)}
            else:
                yield {"prompt": prompt, "completion": action}
