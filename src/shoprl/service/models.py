"""Requests and answers of the API, as they are checked and documented."""

import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shoprl.catalog.ids import MAX_ID
from shoprl.service.config import MAX_BATCH, MAX_EVENTS, MAX_K
from shoprl.service.feedback import EventType, Status
from shoprl.service.policies import Role
from shoprl.service.tables import ID
from shoprl.shop.goal import MAX_INSTRUCTION

MAX_CONTEXT = 50  # entries
MAX_TEXT = 1_000  # characters of one
MAX_NAMES = 200  # of a filter
LATEST = 1e11  # seconds since 1970


_NUMBER = re.compile(r"\s*[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\s*")
_UNSENDABLE = re.compile("[\ud800-\udfff\0]")


def _sendable(text: str) -> str:
    if _UNSENDABLE.search(text):
        raise ValueError("holds half a surrogate pair or a zero byte")
    return text


def _dated(value: object) -> object:
    if not isinstance(value, str | datetime) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("a number of seconds is out of range")  # which would be read as milliseconds
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be finite")
    return value


Name = Annotated[str, Field(min_length=1, max_length=ID), AfterValidator(_sendable)]
ItemId = Annotated[str, Field(min_length=1, max_length=MAX_ID), AfterValidator(_sendable)]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_sendable)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_dated)]
Number = Annotated[float, AfterValidator(_finite)]
Price = Annotated[float, Field(ge=0, le=1e12)]
Wish = Annotated[str, Field(min_length=1, max_length=MAX_INSTRUCTION), AfterValidator(_sendable)]


class Strict(BaseModel):
    """A body, whose unknown fields are errors, and in which nothing is taken for another type's value."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PriceRange(Strict):
    """A range of prices."""

    min: Price | None = None
    max: Price | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "PriceRange":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


class AskedFilters(Strict):
    """Which products the agent may see."""

    price: PriceRange | None = Field(
        default=None, description="Products without a price are left out where one is given."
    )
    categories: list[Text] = Field(
        default=[], max_length=MAX_NAMES, description="Department, product type or part of the path."
    )
    brands: list[Text] = Field(default=[], max_length=MAX_NAMES)
    in_stock: bool = Field(default=False, description="Leave out what the catalogue says is out of stock.")
    exclude: list[ItemId] = Field(default=[], max_length=10_000, description="Ids of products.")


class Asked(Strict):
    """A request for a list."""

    request: Wish = Field(
        description="What the user looks for, in plain words.", examples=["a red mug under 20 dollars"]
    )
    k: int = Field(default=10, ge=1, le=MAX_K, description="Length of the list, at most.")
    filters: AskedFilters = AskedFilters()
    context: dict[Text, Text | Number | bool | None] = Field(
        default_factory=dict, max_length=MAX_CONTEXT, description="What is kept with the decision; no names of people."
    )
    policy: Name | None = Field(
        default=None, description="A registered policy; by default one is drawn among the arms."
    )
    seed: int | None = Field(default=None, ge=0, lt=2**32, description="Of the draws; drawn itself by default.")
    explain: bool = Field(default=False, description="Say how the list came about.")
    activate: bool = Field(
        default=True, description="Whether the list is shown now; else activate the decision when it is."
    )


class AskedMany(Strict):
    """Several requests."""

    requests: list[Asked] = Field(min_length=1, max_length=MAX_BATCH)


class WhyModel(BaseModel):
    """What of the request a product's page answers."""

    met: list[str] = Field(description="Words of the request that the page answers.")
    missing: list[str] = Field(description="Words that it does not.")
    price: Literal["no ceiling", "kept", "exceeded", "unknown"]


class Item(BaseModel):
    """A product of a list."""

    position: int = Field(description="From 1.")
    id: str
    title: str
    price: float | None = Field(description="With the options; None where unknown.")
    currency: str
    image: str
    options: dict[str, str] = Field(description="Those that the agent would choose.")
    propensity: float = Field(description="Probability of this item at this place, given the policy and those above.")
    estimated_fit: float | None = Field(description="Estimated reward of buying it, from 0 to 1.")
    bought_in_runs: int = Field(description="How many of the agent's runs bought it.")
    why: WhyModel


class Answer(BaseModel):
    """A list, and the decision that it was."""

    decision_id: str
    policy: str
    policy_version: str
    expires_at: datetime | None = Field(description="End of the reward window; None until the list is shown.")
    items: list[Item]
    explanation: dict[str, Any] | None = Field(default=None, description="How the list came about.")


class Answers(BaseModel):
    """Several lists, in the order of the requests."""

    results: list[Answer]


class Happened(Strict):
    """What happened to an item of a list."""

    event_id: Name = Field(description="Your own; sent again it changes nothing.")
    decision_id: Name
    item_id: ItemId
    type: EventType
    value: Number | None = Field(default=None, description="Of a purchase in money, or whatever you count.")
    timestamp: Annotated[float, Field(ge=0, le=LATEST)] | Moment | None = Field(
        default=None, description="Seconds since 1970 or ISO 8601 with a zone; when it is received by default."
    )
    over: list[ItemId] = Field(
        default=[], max_length=MAX_K, description="Of `prefers`: the items that this one is preferred to."
    )

    @model_validator(mode="after")
    def _whole(self) -> "Happened":
        if (self.type == "prefers") != bool(self.over):
            raise ValueError("`over` names the items that one `prefers` another to, and nothing else has it")
        if self.item_id in self.over:
            raise ValueError("an item cannot be preferred to itself")
        if isinstance(self.timestamp, datetime) and not 0 <= self.timestamp.timestamp() <= LATEST:
            raise ValueError("timestamp is out of range")
        return self

    @property
    def seconds(self) -> float | None:
        """The timestamp since 1970."""
        return self.timestamp.timestamp() if isinstance(self.timestamp, datetime) else self.timestamp


class Shown(Strict):
    """That a list is shown now; nothing needs to be said of it."""


class Feedback(Strict):
    """A batch of events; one that is malformed fails the whole batch."""

    events: list[Happened] = Field(min_length=1, max_length=MAX_EVENTS)


class Kept(BaseModel):
    """What became of an event."""

    event_id: str
    status: Status


class Results(BaseModel):
    """What became of each event, in their order; all that were kept are on the disk."""

    results: list[Kept]


class ProductModel(BaseModel):
    """A product."""

    id: str
    title: str
    description: str
    features: list[str]
    brand: str
    categories: list[str]
    price: float | None
    price_shown: str
    currency: str
    availability: str
    image: str
    url: str
    rating: float | None
    rating_count: int | None
    options: dict[str, list[str]]


class FoundProduct(BaseModel):
    """A product that a search found."""

    position: int
    id: str
    title: str
    price: float | None
    currency: str
    image: str


class Found(BaseModel):
    """A page of what a search found."""

    results: list[FoundProduct]
    next_cursor: str | None


class PolicyModel(BaseModel):
    """A policy that the service knows."""

    name: str
    version: str
    folder: str
    role: Role
    parent: str | None
    evidence: dict[str, Any]
    registered_at: datetime
    changed_at: datetime
    available: bool = Field(description="Whether it could be loaded when it was last asked.")


class Policies(BaseModel):
    """A page of policies."""

    results: list[PolicyModel]
    next_cursor: str | None


class NewRole(Strict):
    """The role that a policy gets."""

    role: Role = Field(
        default="active", description="`candidate` shares the requests with the active one, by what they earn."
    )


class Reaction(BaseModel):
    """An event that was kept."""

    event_id: str
    item_id: str
    type: EventType
    value: float | None
    over: list[str]
    timestamp: datetime
    received_at: datetime
    status: Literal["accepted", "orphan", "late"]


class DecisionModel(BaseModel):
    """A decision, with what became of it."""

    decision_id: str
    decided_at: datetime
    activated_at: datetime | None
    expires_at: datetime | None
    request: str
    settings: dict[str, Any]
    context: dict[str, Any]
    policy: str
    policy_version: str
    policy_propensity: float
    allocation: dict[str, Any]
    shop: str
    items: list[Item]
    feedback: list[Reaction]
    next_cursor: str | None = Field(description="Of the rest of the feedback.")


class ArmModel(BaseModel):
    """An arm of the running experiment."""

    policy: str
    version: str
    role: Role
    decisions: int = Field(description="Whose reward windows are over, since the experiment began.")
    reward: float = Field(description="The sum of their rewards.")
    mean: float | None = Field(description="Mean reward; None without decisions.")
    interval: tuple[float, float] = Field(description="95% of the posterior of the mean reward.")
    probability_best: float
    share: float = Field(description="Of the requests, from now on.")


class Experiments(BaseModel):
    """The running experiment."""

    since: datetime
    reward_events: list[EventType]
    floor: float
    arms: list[ArmModel]


class Rows(BaseModel):
    """A page of an export."""

    results: list[dict[str, Any]]
    next_cursor: str | None
    until: float | None = Field(default=None, description="Of `off-policy`: decisions whose window ended before this.")
    left_out: dict[str, int] | None = Field(default=None, description="What gives no row, and how much of it.")


class Health(BaseModel):
    """Whether the server can work."""

    ready: bool
    workers: bool
    database: bool
    shop: str
    unavailable_policies: list[str]


def moment(seconds: float) -> datetime:
    """A time since 1970 as a date in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
