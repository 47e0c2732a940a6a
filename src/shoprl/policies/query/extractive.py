"""The extractive query model: predicts which words of an instruction are typed, on token states of a frozen BERT.

Every word has a probability of being in the query. Words are independent given the instruction, so that sets of words
can be enumerated exactly, most probable first; each set, in the instruction's order, is a query.
"""

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from shoprl.errors import BackboneError, PolicyError
from shoprl.policies.networks.backbone import Backbone, backbone_of
from shoprl.policies.networks.encoder import MAX_TOKENS
from shoprl.policies.networks.reading import read_model
from shoprl.policies.query.data import Typed
from shoprl.policies.query.policy import QueryModel
from shoprl.search.analysis import analyze, tokens
from shoprl.tasks.instruction import Instruction, parse_instruction, terms_of


@dataclass(frozen=True, slots=True)
class Word:
    """A word with a search term.

    Attributes:
        start, end: its position in the text.
        term: its search term.
    """

    start: int
    end: int
    term: str


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text in order, without stop words; of words with the same term only the first."""
    words: dict[str, Word] = {}
    end = 0
    for token in tokens(text):
        start = text.index(token, end)
        end = start + len(token)
        for term in analyze(token):
            words.setdefault(term, Word(start, end, term))
    return tuple(words.values())


def query_of(text: str, words: Sequence[Word], kept: Sequence[bool]) -> str:
    """The kept words in the text's order; characters that join adjacent words (``1/4``, ``clip-on``) are kept."""
    parts: list[str] = []
    before: int | None = None
    for number, (word, keep) in enumerate(zip(words, kept, strict=True)):
        if keep:
            glue = text[words[before].end : word.start] if before is not None else ""
            parts.append(glue if number - 1 == before and not any(map(str.isspace, glue)) else " ")
            parts.append(text[word.start : word.end])
            before = number
    return "".join(parts).strip()


def best_sets(log_odds: Sequence[float]) -> Iterator[tuple[bool, ...]]:
    """Enumerate all non-empty sets of independent words, most probable first.

    The best set keeps every word with positive log-odds; flipping the decision on a word costs the absolute value of
    its log-odds. A heap yields the sets lazily in order of their total cost.

    Args:
        log_odds: of each word being kept, at least one.

    Yields:
        Whether each word is kept.
    """
    order = sorted(range(len(log_odds)), key=lambda i: (abs(log_odds[i]), i))
    costs = [abs(log_odds[i]) for i in order]
    heap: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]  # cost, flipped positions in `order`
    while heap:
        cost, flipped = heapq.heappop(heap)
        after = flipped[-1] + 1 if flipped else 0
        if after < len(costs):
            heapq.heappush(heap, (cost + costs[after], (*flipped, after)))
            if flipped:
                heapq.heappush(heap, (cost + costs[after] - costs[after - 1], (*flipped[:-1], after)))
        turned = {order[place] for place in flipped}
        kept = tuple((odds > 0) != (i in turned) for i, odds in enumerate(log_odds))
        if any(kept):
            yield kept


class ExtractiveConfig(PretrainedConfig):
    """Configuration of an extractive query model.

    Args:
        backbone: name of the frozen encoder.
        backbone_sha256: digest of its weights.
        backbone_width: size of its token states.
        hidden: width of the transformer layer over words.
        heads: of that layer.
        dropout: in training.
        threshold: the best query holds the words with a probability above this.
    """

    model_type = "shoprl-extractive"

    def __init__(
        self,
        backbone: str = "",
        backbone_sha256: str = "",
        backbone_width: int = 384,
        hidden: int = 128,
        heads: int = 4,
        dropout: float = 0.5,
        threshold: float = 0.4,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backbone = backbone
        self.backbone_sha256 = backbone_sha256
        self.backbone_width = backbone_width
        self.hidden = hidden
        self.heads = heads
        self.dropout = dropout
        self.threshold = threshold


class ExtractiveModel(PreTrainedModel):
    """A projection, one transformer layer over the words, and one logit per word."""

    config_class = ExtractiveConfig
    config: ExtractiveConfig

    def __init__(self, config: ExtractiveConfig) -> None:
        super().__init__(config)
        hidden, dropout = config.hidden, config.dropout
        self.project = nn.Sequential(nn.Dropout(dropout), nn.Linear(config.backbone_width, hidden), nn.GELU())
        layer = nn.TransformerEncoderLayer(
            hidden, config.heads, 2 * hidden, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.mix = nn.TransformerEncoder(layer, 1, nn.LayerNorm(hidden), enable_nested_tensor=False)
        self.score = nn.Linear(hidden, 1)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Keep PyTorch's initialisation."""

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Logits of each word being in the query.

        Args:
            states: of the words, shape (instructions, words, width).
            mask: which words are real, at least one per instruction, shape (instructions, words).

        Returns:
            Shape (instructions, words); 0 for padding.
        """
        logits: torch.Tensor = self.score(self.mix(self.project(states), src_key_padding_mask=~mask)).squeeze(-1)
        return logits.masked_fill(~mask, 0.0)


def new_extractive(backbone: Backbone, generator: torch.Generator, **sizes: Any) -> ExtractiveModel:
    """A model with new weights, drawn from ``generator`` alone."""
    config = ExtractiveConfig(backbone.name, backbone.sha256, backbone.width, **sizes)
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        model = ExtractiveModel(config)
    model.eval()
    return model


def word_states(backbone: Backbone, text: str) -> tuple[tuple[Word, ...], torch.Tensor]:
    """The words of a text, and the mean token state of each.

    The text is encoded alone, so that its states do not depend on other texts.

    Returns:
        The words (of a truncated text those that are left), and their states in float32, shape (words, width).

    Raises:
        BackboneError: the backbone's tokenizer gives no token offsets.
    """
    tokenizer = backbone.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise BackboneError(f"{backbone.name}: no token offsets. Use a model with a fast tokenizer.")
    states, _ = backbone.token_states([text], MAX_TOKENS)[0]
    places = tokenizer(
        text, add_special_tokens=False, truncation=True, max_length=MAX_TOKENS, return_offsets_mapping=True
    )["offset_mapping"]
    words, rows = [], []
    for word in words_of(text):
        inside = [i for i, (start, end) in enumerate(places) if start < word.end and end > word.start]
        if inside:
            words.append(word)
            rows.append(states[inside].float().mean(dim=0))
    return tuple(words), torch.stack(rows) if rows else states.new_zeros((0, backbone.width)).float()


@dataclass(frozen=True, slots=True)
class Marked:
    """An instruction with the share of its queries that hold each word.

    Attributes:
        states: of its words, shape (words, width).
        shares: share of the queries that hold each word, shape (words,).
    """

    states: torch.Tensor
    shares: torch.Tensor


def mark(typed: Typed, backbone: Backbone) -> Marked:
    """Compute for each word of an instruction the share of its queries that hold the word's term."""
    words, states = word_states(backbone, parse_instruction(typed.instruction).wish)
    queries = [terms_of(query) for query in typed.queries]
    shares = [sum(word.term in query for query in queries) / len(queries) for word in words]
    return Marked(states, torch.tensor(shares))


class Extractive:
    """A :class:`shoprl.policies.query.policy.QueryWriter` with an extractive model.

    Args:
        model: the network.
        backbone: its frozen encoder.
    """

    kind: QueryModel = "extractive"

    def __init__(self, model: ExtractiveModel, backbone: Backbone) -> None:
        self.model, self.backbone = model, backbone

    def logits(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """See :meth:`ExtractiveModel.forward`; float32 on the CPU."""
        logits: torch.Tensor = self.model(states.to(self.model.device), mask.to(self.model.device))
        return logits.float().cpu()

    @torch.inference_mode()
    def write(self, instruction: Instruction) -> Iterator[str]:
        """Queries of words of the instruction, most probable first; none if it has no search term."""
        words, states = word_states(self.backbone, instruction.wish)
        if not words:
            return iter(())
        self.model.eval()
        logits = self.logits(states[None], torch.ones((1, len(words)), dtype=torch.bool))[0].double()
        threshold = self.model.config.threshold
        log_odds = (logits - math.log(threshold / (1 - threshold))).tolist()
        return (query_of(instruction.wish, words, kept) for kept in best_sets(log_odds))

    def save(self, folder: Path) -> None:
        """Write ``config.json`` and ``model.safetensors``."""
        self.model.save_pretrained(folder)


def load_extractive(folder: Path, held: Backbone | None = None, backbone: str | Sequence[str] = ()) -> Extractive:
    """Load a model whose files were checked; see :func:`shoprl.policies.query.loading.load_query_policy`."""
    model = read_model(ExtractiveModel, folder)
    config = model.config
    own = backbone_of(folder, config.backbone, config.backbone_sha256, held, backbone)
    if own.width != config.backbone_width:
        raise PolicyError(f"{folder}: its backbone_width is not that of its backbone. Train it again.")
    return Extractive(model, own)
