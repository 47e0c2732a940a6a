"""WebShop's choice policy without pretrained weights (arXiv 2207.01206, section 4.2): GRUs and bi-attention.

The page attends to the wish and is read again; the candidates attend to that and, word by word, to the wish. The
network is that of ``baseline_models/models/rnn.py`` of WebShop, which has it from RCDQN (arXiv 2010.02386).
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

ONE_PASS = float("inf")  # texts of any length together: a GRU takes as long as the longest, and skips padding


@dataclass(frozen=True, slots=True)
class Batch:
    """Several decisions.

    Attributes:
        pages: tokens of the pages.
        wishes: tokens of the instructions.
        actions: tokens of the candidates.
        mask: which candidates are real, shape (decisions, candidates).
    """

    pages: Tokens
    wishes: Tokens
    actions: Tokens
    mask: torch.Tensor


class RNNConfig(PretrainedConfig):
    """Sizes of an RNN model.

    Args:
        vocabulary: how many numbers its words have.
        embedding: width of a word.
        hidden: width of a GRU, in one direction.
        page_tokens: a longer page loses its beginning.
        action_tokens: a longer candidate or instruction loses its beginning.
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
    """A GRU in both directions that starts from a learned state and never sees padding."""

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
    """One logit a candidate; see the module's text."""

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

    def forward(self, batch: Batch) -> torch.Tensor:
        """Logits of shape (decisions, candidates); minus infinity where there is no candidate."""
        return self._logits(self._pages(batch), batch)

    def logits_and_values(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and what each page is worth, shape (decisions,): the layers that score a candidate score it too."""
        pages = self._pages(batch)
        values: torch.Tensor = self.score(span_means(pages, batch.pages.owner, 1)[:, 0]).squeeze(-1)
        return self._logits(pages, batch), values

    def _states(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self.read(self.words(ids), lengths)
        return states

    def _embeddings(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.words(ids)
        return found

    def _pages(self, batch: Batch) -> torch.Tensor:
        """States of the pages' tokens that know the wish, shape (decisions, L, 2 x hidden)."""
        pages, wishes = batch.pages.states(self._states), batch.wishes.states(self._states)
        known = self.page_to_wish(pages, batch.pages.owner, wishes, batch.wishes.owner >= 0, 1)
        again: torch.Tensor = self.read_again(self.narrow(known), (batch.pages.owner >= 0).sum(dim=-1))
        return again

    def _logits(self, pages: torch.Tensor, batch: Batch) -> torch.Tensor:
        owner, spans = batch.actions.owner, batch.mask.shape[1]
        actions, words = batch.actions.states(self._states), batch.actions.states(self._embeddings)
        wishes = batch.wishes.states(self._embeddings)
        on_page = self.action_to_page(actions, owner, pages, batch.pages.owner >= 0, spans)
        in_wish = self.action_to_wish(words, owner, wishes, batch.wishes.owner >= 0, spans)
        joined = self.join(span_means(torch.cat([on_page, in_wish], dim=-1), owner, spans))
        logits: torch.Tensor = self.score(joined).squeeze(-1)
        return logits.masked_fill(~batch.mask, -torch.inf)


class RNNPolicy(LearnedPolicy):
    """An RNN model that acts.

    Args:
        model: the network; it may be on a GPU.
        vocabulary: of the texts it was trained on.
        strategy: the searches it may make.
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
    def load(cls, folder: Path, name: str, strategy: QueryStrategy, store: TokenStore | None) -> "RNNPolicy":
        """See :meth:`LearnedPolicy.load`; there is no frozen part to share."""
        model, vocabulary = read_model(RNNModel, folder), read_vocabulary(folder / VOCABULARY)
        if len(vocabulary) != model.config.vocabulary:
            raise PolicyError(f"{folder / VOCABULARY}: not the words of the model. Train the policy again.")
        return cls(model, vocabulary, strategy, name)

    def batch(self, states: Sequence[Observation]) -> Batch:
        """Tokens of several decisions, on the model's device."""
        config, device = self.model.config, self.model.device
        pages = pack([[plain(state.page)] for state in states], self._tokenize(config.page_tokens), ONE_PASS)
        short = self._tokenize(config.action_tokens)
        wishes = pack([[plain(state.request)] for state in states], short, ONE_PASS)
        actions = pack([action_texts(state) for state in states], short, ONE_PASS)
        return Batch(pages.to(device), wishes.to(device), actions.to(device), candidate_mask(states).to(device))

    def compute_logits(self, states: Sequence[Observation]) -> torch.Tensor:
        """See :meth:`LearnedPolicy.compute_logits`."""
        logits: torch.Tensor = self.model(self.batch(states))
        return logits

    def compute_logits_and_values(self, states: Sequence[Observation]) -> tuple[torch.Tensor, torch.Tensor]:
        """See :meth:`LearnedPolicy.compute_logits_and_values`."""
        both: tuple[torch.Tensor, torch.Tensor] = self.model.logits_and_values(self.batch(states))
        return both

    def save_files(self, folder: Path) -> None:
        """Write the vocabulary into a policy folder."""
        self.vocabulary.save(folder / VOCABULARY)

    def _tokenize(self, limit: int) -> Tokenize:
        return lambda texts: [self.vocabulary.encode(text, limit) for text in texts]


def texts_of(states: Iterable[Observation]) -> Iterable[str]:
    """All texts that an RNN policy reads in some states."""
    for state in states:
        yield plain(state.page)
        yield plain(state.request)
        yield from action_texts(state)


def new_rnn(
    states: Iterable[Observation], generator: torch.Generator, strategy: QueryStrategy = "wish", **sizes: Any
) -> RNNPolicy:
    """A policy with fresh weights, drawn from ``generator`` alone, for the words of some training states.

    Args:
        states: what it will be trained on.
        generator: of the weights.
        strategy: the searches it may make.
        sizes: those of :class:`RNNConfig`.
    """
    vocabulary = vocabulary_of(texts_of(states))
    with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
        model = RNNModel(RNNConfig(len(vocabulary), **sizes))
    return RNNPolicy(model.eval(), vocabulary, strategy)
