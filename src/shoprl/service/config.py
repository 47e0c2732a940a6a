"""What a service allows, and how its lists come about."""

from dataclasses import dataclass
from typing import Annotated

from shoprl.recommender.recommend import MIN_FIT, RUNS
from shoprl.service.arms import FLOOR
from shoprl.service.feedback import EventType
from shoprl.service.rewards import RewardRule
from shoprl.settings import Count, NotNegative, Positive, Range, Settings, Share

MAX_K = 100
MAX_RUNS = 100
MAX_BATCH = 20  # requests
MAX_EVENTS = 1_000  # in one batch of feedback
MAX_PAGE = 1_000  # rows of a list


@dataclass(frozen=True)
class ServiceConfig(Settings):
    """Settings of a service.

    Attributes:
        runs: how many times the agent shops for a request.
        temperature: above 0 each list is drawn by the products' scores, the more evenly the higher it is, so that
            feedback tells something of what stands below; 0 ranks, and nothing can be learned off-policy.
        min_fit: products estimated to fit less are left out; see :class:`shoprl.recommender.recommend.Wanted`.
        reward_events: an event of one of these types earns a decision the reward 1.
        reward_window: seconds from when a list is shown, in which feedback counts.
        default_reward: what a decision earns without such an event.
        floor: share of the requests that are divided equally over the active policy and the candidates.
        workers: processes that make lists.
        waiting: requests that wait for one at most; beyond, the answer is 503.
        patience: seconds that one waits at most.
        streams: requests whose runs are streamed at the same time, at most.
        rate: requests a second that one key, or one address without a key, may make, on average; twice as many at once.
        max_body: bytes of a request's body.
        max_connections: connections open at once.
    """

    runs: Annotated[int, Range(1, MAX_RUNS)] = RUNS
    temperature: NotNegative = 0.02
    min_fit: Share = MIN_FIT
    reward_events: tuple[EventType, ...] = RewardRule.events
    reward_window: Positive = RewardRule.window
    default_reward: Share = RewardRule.default
    floor: Share = FLOOR
    workers: Annotated[int, Range(1, 64)] = 2
    waiting: Count = 64
    patience: Positive = 5.0
    streams: Count = 32
    rate: Positive = 200.0
    max_body: Count = 1_000_000
    max_connections: Count = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.reward  # checked now

    @property
    def reward(self) -> RewardRule:
        """What a decision earns."""
        return RewardRule(self.reward_events, self.reward_window, self.default_reward)
