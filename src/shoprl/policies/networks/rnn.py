"""WebShop's choice policy without pretrained weights (arXiv 2207.01206, section 4.2): GRUs and bi-attention.

The page attends to the request and passes a second GRU; the candidates attend to its states and to the words of the
request. The network is that of ``baseline_models/models/rnn.py`` of WebShop, which took it from RCDQN (arXiv
2010.02386).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import PretrainedConfig, PreTrainedModel

from shoprl.errors import PolicyError
from shoprl.policies.learned import LearnedPolicy
from shoprl.policies.networks.attention import BiAttention, span_means
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.reading import read_model
from shoprl.policies.networks.token_batch import Tokenize, Tokens, action_texts, candidate_mask, pack, plain
from shoprl.policies.networks.vocabulary import VOCABULARY, Vocabulary, read_vocabulary, vocabulary_of
from shoprl.tasks.base import Observation
from shoprl.tasks.instruction import QueryStrategy

ONE_PASS = float("inf")  # texts of any length in one pass: a packed GRU skips padding


@dataclass(frozen=True, slots=True)
class RNNBatch:
    """A batch of decisions.

    Attributes:
        pages: tokens of the pages.
        requests: tokens of the requests.
        actions: tokens of the candidates.
        mask: which candidates are real, shape (decisions, candidates).
    """

    pages: Tokens
    requests: Tokens
    actions: Tokens
    mask: torch.Tensor


class RNNConfig(PretrainedConfig):
    """Configuration of an RNN model.

    Args:
        vocabulary: number of vocabulary ids.
        embedding: width of a word's embedding.
        hidden: width of a GRU in one direction.
        page_tokens: longer pages are truncated from the left.
        action_tokens: longer candidates and requests are truncated from the left.
    """

    model_type = "shoprl-rnn"

    def __init__(
        self,
        vocabulary: int = 2,
        embedding: int = 128,
        hidden: int = 128,
        page_tokens: int = 512,
        action_tokens: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary = vocabulary
        self.embedding = embedding
        self.hidden = hidden
        self.page_tokens = page_tokens
        self.action_tokens = action_tokens


class _Reader(nn.Module):
    """A bidirectional GRU with a learned initial state; padding is skipped."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(width, hidden, bidirectional=True, batch_first=True)
        self.start = nn.Parameter(torch.zeros(2, 1, hidden))
        for name, weight in self.gru.named_parameters():
            if "weight_ih" in name:
                nn.init.xavier_uniform_(weight)
            elif "weight_hh" in name:
                nn.init.orthogonal_(weight)
            else:
                nn.init.zeros_(weight)

    def forward(self, tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """States of shape (texts, longest, 2 x hidden), of tokens of shape (texts, longest, width)."""
        packed = pack_padded_sequence(tokens, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = self.gru(packed, self.start.expand(-1, len(tokens), -1).contiguous())
        padded: torch.Tensor = pad_packed_sequence(states, batch_first=True, total_length=tokens.shape[1])[0]
        return padded


class RNNModel(PreTrainedModel):
    """One logit per candidate; see the module's docstring.

    Its parts keep the names that saved weights have, where ``wish`` is the request.
    """

    config_class = RNNConfig
    base_model_prefix = "rnn"

    def __init__(self, config: RNNConfig) -> None:
        super().__init__(config)
        width, hidden = config.embedding, config.hidden
        self.words = nn.Embedding(config.vocabulary, width)
        self.read = _Reader(width, hidden)
        self.page_to_wish = BiAttention(2 * hidden)
        self.narrow = nn.Sequential(nn.Linear(8 * hidden, hidden), nn.LeakyReLU(), nn.LayerNorm(hidden))
        self.read_again = _Reader(hidden, hidden)
        self.action_to_page = BiAttention(2 * hidden)
        self.action_to_wish = BiAttention(width)
        self.join = nn.Sequential(nn.Linear(8 * hidden + 4 * width, 2 * hidden), nn.LeakyReLU())
        self.score = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.LeakyReLU(), nn.Linear(hidden, 1))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Keep what the constructors drew."""

    def forward(self, batch: RNNBatch) -> torch.Tensor:
        """Logits of shape (decisions, candidates); minus infinity where there is no candidate."""
        return self._logits(self._pages(batch), batch)

    def logits_and_values(self, batch: RNNBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the value of each page, shape (decisions,), from the layers that score candidates."""
        pages = self._pages(batch)
        values: torch.Tensor = self.score(span_means(pages, batch.pages.owner, 1)[:, 0]).squeeze(-1)
        return self._logits(pages, batch), values

    def _states(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self.read(self.words(ids), lengths)
        return states

    def _embeddings(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        embeddings: torch.Tensor = self.words(ids)
        return embeddings

    def _pages(self, batch: RNNBatch) -> torch.Tensor:
        """Token states of the pages, given the request, shape (decisions, L, 2 x hidden)."""
        pages, requests = batch.pages.states(self._states), batch.requests.states(self._states)
        known = self.page_to_wish(pages, batch.pages.owner, requests, batch.requests.owner >= 0, 1)
        again: torch.Tensor = self.read_again(self.narrow(known), (batch.pages.owner >= 0).sum(dim=-1))
        return again

    def _logits(self, pages: torch.Tensor, batch: RNNBatch) -> torch.Tensor:
        owner, spans = batch.actions.owner, batch.mask.shape[1]
        actions, words = batch.actions.states(self._states), batch.actions.states(self._embeddings)
        requests = batch.requests.states(self._embeddings)
        on_page = self.action_to_page(actions, owner, pages, batch.pages.owner >= 0, spans)
        in_request = self.action_to_wish(words, owner, requests, batch.requests.owner >= 0, spans)
        joined = self.join(span_means(torch.cat([on_page, in_request], dim=-1), owner, spans))
        logits: torch.Tensor = self.score(joined).squeeze(-1)
        return logits.masked_fill(~batch.mask, -torch.inf)


class RNNPolicy(LearnedPolicy):
    """A policy with an RNN model.

    Args:
        model: the network; it may be on a GPU.
        vocabulary: of the texts it was trained on.
        strategy: the search that it may type.
        name: shown in tables.
    """

    kind = "rnn"
    files = (VOCABULARY,)
    cuts_candidates = True
    model: RNNModel

    def __init__(
        self, model: RNNModel, vocabulary: Vocabulary, strategy: QueryStrategy = "wish", name: str = "rnn"
    ) -> None:
        self.model, self.vocabulary, self.strategy, self.name = model, vocabulary, strategy, name

    @classmethod
    def new(
        cls, generator: torch.Generator, states: Iterable[Observation], store: TokenStore | None = None, **sizes: Any
    ) -> "RNNPolicy":
        """See :func:`new_rnn`."""
        return new_rnn(states, generator, **sizes)

    @classmethod
    def load(
        cls,
        folder: Path,
        name: str,
        strategy: QueryStrategy,
        store: TokenStore | None,
        backbone: str | Sequence[str] = (),
    ) -> "RNNPolicy":
        """See :meth:`LearnedPolicy.load`; there is no encoder to share."""
        model, vocabulary = read_model(RNNModel, folder), read_vocabulary(folder / VOCABULARY)
        if len(vocabulary) != model.config.vocabulary:
            raise PolicyError(f"{folder / VOCABULARY}: not the vocabulary of the model. Train the policy again.")
        return cls(model, vocabulary, strategy, name)

    def batch(self, states: Sequence[Observation]) -> RNNBatch:
        """Batch decisions, on the model's device."""
        config, device = self.model.config, self.model.device
        pages = pack([[plain(state.page)] for state in states], self._tokenize(config.page_tokens), ONE_PASS)
        short = self._tokenize(config.action_tokens)
        requests = pack([[plain(state.request)] for state in states], short, ONE_PASS)
        actions = pack([action_texts(state) for state in states], short, ONE_PASS)
        return RNNBatch(pages.to(device), requests.to(device), actions.to(device), candidate_mask(states).to(device))

    def save_files(self, folder: Path) -> None:
        """Write the vocabulary into a policy folder."""
        self.vocabulary.save(folder / VOCABULARY)

    def _tokenize(self, limit: int) -> Tokenize:
        return lambda texts: [self.vocabulary.encode(text, limit) for text in texts]


def texts_of(states: Iterable[Observation]) -> Iterable[str]:
    """All texts of some states that an RNN policy reads."""
    for state in states:
        yield plain(state.page)
        yield plain(state.request)
        yield from action_texts(state)


def new_rnn(
    states: Iterable[Observation], generator: torch.Generator, strategy: QueryStrategy = "wish", **sizes: Any
) -> RNNPolicy:
    """A policy with new weights, drawn from ``generator`` alone, and the vocabulary of some training states.

    Args:
        states: the training states.
        generator: of the weights.
        strategy: the search that it may type.
        sizes: those of :class:`RNNConfig`.
    """
    vocabulary = vocabulary_of(texts_of(states))
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        model = RNNModel(RNNConfig(len(vocabulary), **sizes))
    return RNNPolicy(model.eval(), vocabulary, strategy)
