"""The protocols of a task: an episode starts from a goal or a request and offers candidates in every state.

A task may be anything with candidates to choose among: a shop (:mod:`shoprl.tasks.shop`), a contextual bandit, a grid.
Policies, rollouts, trajectories and learners depend on these protocols only. Texts and features may be empty.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from shoprl.tasks.instruction import Queries

G_contra = TypeVar("G_contra", contravariant=True)  # what an episode starts from: a goal or a request


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an episode has shown so far, a row for each candidate and then one for each other thing seen.

    Attributes:
        texts: each row's own text, such as a product's title; empty where it has none.
        terms: for each row, the search terms of further texts, by source; the task decides which sources there are.
        features: numeric features, shape (rows, features).
        names: what each row is an estimate of, such as an ASIN; empty for rows that are none.
        looking: of each candidate, how much it looks on (above 0) or decides early (below 0); None where no candidate
            does. A policy with patience weighs it.
    """

    texts: tuple[str, ...]
    terms: tuple[tuple[frozenset[str], ...], ...]
    features: NDArray[np.float32]
    names: tuple[str, ...]
    looking: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """A state as the input of a network: texts and numbers.

    Attributes:
        request: what is asked for.
        texts: the candidates' texts; empty strings where they have none.
        features: numeric features, shape (candidates, features); the task decides how many there are.
        page: the page as one text.
        actions: the candidates' actions.
        kinds: the candidates' kinds.
        picture: key of the page's picture in a table of picture features; empty for none.
        evidence: what the episode has shown so far; None where the task keeps no such record.
    """

    request: str
    texts: tuple[str, ...]
    features: NDArray[np.float32]
    page: str = ""
    actions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    picture: str = ""
    evidence: Evidence | None = None


class Candidate(Protocol):
    """One available action.

    Attributes:
        action: what :meth:`LiveEpisode.step` takes.
        kind: what the action does, such as ``search`` or ``buy``.
        text: the words that describe it.
        group: name shared by candidates that exclude each other, such as the values of one option; empty for none.
        chosen: whether it is the selected one of its group.
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
    """One decision point, limited to what a policy may observe.

    Attributes:
        page: kind of the state, such as ``search`` or ``results``; a constant if there is only one kind.
        request: what is asked for, unabridged.
        text: the page as text.
        candidates: the actions to choose among, at least one.
        key: two states of an episode with equal keys are the same state: their futures are the same.
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
        """Mask of the candidates that the task's rule allows, shape (candidates,); at least one is."""

    def observe(self) -> Observation:
        """The state as the input of a network."""


ObservedPart = Literal["features", "evidence"]


@runtime_checkable
class PartlyObserved(Protocol):
    """A state that can leave out what a network does not read."""

    def observe_part(self, part: ObservedPart) -> Observation:
        """The observation with its features alone (the evidence is None), or with its evidence (without features)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an episode ended.

    Attributes:
        done: whether it terminated; False if it was truncated at the step limit.
        reward: in [0, 1]; None where it is unknown, as for a user's request.
        components: the parts of the reward, if any.
        asin: the product that was bought, in a shop.
        options: the options it was bought with.
    """

    done: bool
    reward: float | None
    components: Mapping[str, Any] = field(default_factory=dict)
    asin: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


class LiveEpisode(Protocol):
    """An episode in progress."""

    @property
    def state(self) -> State:
        """The current state; the same object until the next step."""

    @property
    def over(self) -> bool:
        """Whether it has terminated or reached the step limit."""

    def step(self, action: str) -> None:
        """Take an action; an invalid one changes nothing but counts as a step."""

    def outcome(self) -> Outcome:
        """How it ended, or its state so far."""


class Task(Protocol[G_contra]):
    """An environment that starts episodes."""

    def start(self, goal: G_contra, queries: Queries) -> LiveEpisode:
        """Start an episode.

        Args:
            goal: a goal, or a request without one.
            queries: a policy's ``queries``: what it would type into a search bar. A task without one ignores it.
        """

    def describe(self, goal: G_contra) -> object:
        """A description of a goal as JSON, by which a resumed training checks that its goals are the same."""


def index_of(state: State, action: str) -> int | None:
    """Position of an action among a state's candidates, or None."""
    return next((i for i, candidate in enumerate(state.candidates) if candidate.action == action), None)
