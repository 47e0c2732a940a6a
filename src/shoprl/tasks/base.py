"""What an agent acts in: from a request or goal, state after state, to an end.

A task may be anything with candidates to choose among: a shop (:mod:`shoprl.tasks.shop`), a contextual bandit, a grid.
Policies, rollouts, trajectories and learners know these protocols alone. Any text and any numbers may be empty.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.instruction import Queries

G_contra = TypeVar("G_contra", contravariant=True)  # what an episode starts from: a goal or a request


@dataclass(frozen=True, slots=True)
class Observation:
    """A state as a network takes it: texts and numbers alone.

    Attributes:
        request: what is asked for.
        texts: the candidates' texts; empty strings where they have none.
        features: numbers that describe each candidate, shape (candidates, features); any number of features.
        page: what is shown, as one text.
        actions: the candidates' actions.
        kinds: what each candidate's action does.
        picture: names the picture that is shown, to find its features by; empty where there is none.
    """

    request: str
    texts: tuple[str, ...]
    features: NDArray[np.float32]
    page: str = ""
    actions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    picture: str = ""


class Candidate(Protocol):
    """One available action.

    Attributes:
        action: what :meth:`LiveEpisode.step` takes.
        kind: what the action does, such as ``search`` or ``buy``.
        text: words that stand for it.
        group: of candidates that exclude each other, such as the values of one option; empty for none.
        chosen: whether it is the one of its group that holds now.
    """

    @property
    def action(self) -> str: ...  # noqa: D102  (described by the class)
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def group(self) -> str: ...  # noqa: D102
    @property
    def chosen(self) -> bool: ...  # noqa: D102


class State(Protocol):
    """One decision point, as far as a policy may know it.

    Attributes:
        page: kind of the state, such as ``search`` or ``results``; a constant where there is one kind alone.
        request: what is asked for, whole.
        text: what is shown, as text.
        candidates: the actions to choose among, at least one.
        key: two states of an episode with equal keys are the same one: all that can follow is the same.
    """

    @property
    def page(self) -> str: ...  # noqa: D102
    @property
    def request(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def candidates(self) -> Sequence[Candidate]: ...  # noqa: D102
    @property
    def key(self) -> Hashable: ...  # noqa: D102

    def allowed(self) -> NDArray[np.bool_]:
        """Which candidates the task's own rule leaves to the agent, shape (candidates,); at least one."""

    def observe(self) -> Observation:
        """Texts and numbers of the state, for a network."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an episode ended.

    Attributes:
        done: whether it came to its end; False where it was cut at the step limit.
        reward: what it earned, in [0, 1]; None where nobody can tell, as for a user's request.
        components: the reward's parts, where it has some.
        asin: the product that was bought, in a shop.
        options: the options it was bought with.
    """

    done: bool
    reward: float | None
    components: Mapping[str, Any] = field(default_factory=dict)
    asin: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


class LiveEpisode(Protocol):
    """An episode under way."""

    @property
    def state(self) -> State:
        """The state now; the same object until the next step."""

    @property
    def over(self) -> bool:
        """Whether it came to its end or to the step limit."""

    def step(self, action: str) -> None:
        """Take an action; one that the task does not accept changes nothing, but it is a step."""

    def outcome(self) -> Outcome:
        """How it ended, or how it stands."""


class Task(Protocol[G_contra]):
    """What an agent acts in."""

    def start(self, goal: G_contra, queries: Queries) -> LiveEpisode:
        """Start an episode.

        Args:
            goal: a goal, or a request without one.
            queries: what the policy would type into a search bar (a policy's ``queries``); a task without one does not
                ask.
        """

    def describe(self, goal: G_contra) -> object:
        """What a goal is, JSON-able, so that two trainings can tell whether theirs are the same."""


def index_of(state: State, action: str) -> int | None:
    """Position of an action among a state's candidates, or None."""
    return next((i for i, candidate in enumerate(state.candidates) if candidate.action == action), None)
