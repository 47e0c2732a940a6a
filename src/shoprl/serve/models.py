"""The messages between the environment server and its clients; the OpenAPI document is generated from them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shoprl.settings import MOST_STEPS
from shoprl.shop.render import ObservationMode
from shoprl.shop.session import MAX_ACTION, MAX_STEPS
from shoprl.shop.splits import SplitName


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _name_unknown_fields(cls, value: Any) -> Any:
        if isinstance(value, dict) and (unknown := sorted(value.keys() - cls.model_fields.keys())):
            names, known = (", ".join(map(repr, each)) for each in (unknown[:5], cls.model_fields))
            raise PydanticCustomError(
                "unknown_field", "unknown {names}; known are {known}", {"names": names, "known": known}
            )
        return value


class NewSession(_Asked):
    """How a session's environment is set up."""

    observation_mode: ObservationMode = Field(default="text_rich", description="The form of the observations.")
    split: SplitName = Field(default="train", description="The goals that resets draw from.")
    max_steps: int | None = Field(
        default=MAX_STEPS, description="An episode is cut after so many steps; null: never.", ge=1, le=MOST_STEPS
    )
    render_mode: Literal["ansi", "html"] | None = Field(default=None, description="The form of `rendered`.")
    end_on_invalid: bool = Field(default=False, description="Whether an action that changes nothing ends the episode.")
    seed: int | None = Field(
        default=None, description="Of the goals that resets draw; null: the server draws one.", ge=0
    )


class NewEpisode(_Asked):
    """Which goal an episode has."""

    seed: int | None = Field(default=None, description="Seed the goals drawn from here on; null: draw on.", ge=0)
    goal: int | None = Field(default=None, description="A goal's index; null: draw one from the split.")


class Action(_Asked):
    """What the shopper does."""

    action: str = Field(
        description=f"`search[words]` or `click[text]`. Over {MAX_ACTION} characters: changes nothing.",
        examples=["search[red lipstick]"],
    )


class Created(BaseModel):
    """A new session; no episode is started."""

    session: str = Field(
        description="The session's id, part of its addresses. Anyone who knows it can use the session."
    )
    seed: int = Field(description="The same seed and setup give the same goals again.")


class Available(BaseModel):
    """What the page offers."""

    has_search_bar: bool
    clickables: list[str] = Field(description="What `click[...]` takes.")


class Info(BaseModel):
    """What Gymnasium calls info."""

    model_config = ConfigDict(extra="allow")

    available_actions: Available
    goal: int = Field(description="The goal's index.")
    reward_components: dict[str, float | bool] | None = Field(default=None, description="After a purchase: WebShop's.")


class Observed(BaseModel):
    """What an environment answers to an action; after a reset the reward is 0."""

    observation: str
    reward: float
    terminated: bool
    truncated: bool
    info: Info


class Shown(Observed):
    """The last answer, once more."""

    rendered: str | None = Field(default=None, description="The page in the render mode; null without one.")


class Goals(BaseModel):
    """Number of goals by split."""

    train: int
    eval: int
    test: int


class Allowed(BaseModel):
    """The server's limits."""

    max_sessions: int = Field(description="Sessions open at once.")
    idle_seconds: float = Field(description="A session without a request for so long expires.")
    max_body: int = Field(description="Bytes of a request's body.")
    client_share: float = Field(description="The share of the sessions that one client's address may hold.")
    max_connections: int = Field(description="Connections open at once.")
    header_seconds: float = Field(description="A request's headers must be complete so long after its first byte.")
    body_seconds: float = Field(description="A request's body must be complete so long after its headers.")
    answer_seconds: float = Field(description="An answer must be read within so long.")


class ServerInfo(BaseModel):
    """The shop that is served."""

    version: str
    hashes: dict[str, str] = Field(description="Content hashes of the catalogue, the goals and the splits.")
    products: int
    goals: Goals
    sessions: int = Field(description="Open now.")
    limits: Allowed


class Failure(BaseModel):
    """An error."""

    error: str = Field(description="Its name.")
    message: str = Field(description="What is wrong and what to do.")
