"""The policy with a match network."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shoprl.errors import PolicyError
from shoprl.policies.base import distinct
from shoprl.policies.learned import ACT_BATCH, LearnedPolicy, mixed
from shoprl.policies.networks.backbone import DEFAULT, OFFICIAL_SHA256, Backbone, backbone_of, load_backbone
from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.match.batch import MatchBatch, collate, evidence_of
from shoprl.policies.networks.match.memory import RequestMemory, Rows
from shoprl.policies.networks.match.model import MatchConfig, MatchModel, Taste
from shoprl.policies.networks.match.words import BATCH, WordStore, encode_words, principal, words_in
from shoprl.policies.networks.reading import read_model
from shoprl.tasks.base import Observation, State
from shoprl.tasks.instruction import QueryStrategy

WORDS = "words.safetensors"
TOGETHER = 16  # states in one pass
SHARED = 3  # so many of one request are worth a pass of their own
SAMPLE = 4_000  # words that decide the rotation


class MatchPolicy(LearnedPolicy):
    """A policy with a match model; it also estimates the reward of each product that it has seen.

    Args:
        model: the network.
        encoder: gives its frozen encoder; called when a word is met that was not encoded before.
        strategy: the search that it may type.
        name: shown in tables.

    Attributes:
        words: that it knows.
        common: those of them that are saved with it; all where it is None.
    """

    kind = "match"
    files = (WORDS,)
    observes = "evidence"
    model: MatchModel
    common: frozenset[str] | None = None
    _memories: dict[str, RequestMemory] | None = None  # by request, of a copy that remembers

    def __init__(
        self, model: MatchModel, encoder: Callable[[], Backbone], strategy: QueryStrategy = "wish", name: str = "match"
    ) -> None:
        self.model, self.strategy, self.name = model, strategy, name
        self._encoder = encoder
        self.words = WordStore(encoder, model.rotation, model.center)

    @classmethod
    def new(
        cls,
        generator: torch.Generator,
        states: Iterable[Observation] = (),
        store: TokenStore | None = None,
        backbone: str = DEFAULT,
        **sizes: Any,
    ) -> "MatchPolicy":
        """See :meth:`LearnedPolicy.new`.

        Args:
            generator: of the weights.
            states: whose words decide which directions of their states are kept; at least one. In a task without a
                word, its numbers decide alone.
            store: gives the backbone.
            backbone: the frozen encoder, if there is no store: the default's name, a hub id or a local folder.
            sizes: of :class:`MatchConfig`; ``width`` is at most the backbone's.

        Raises:
            PolicyError: there is no state.
        """
        texts = {text for state in states for text in (state.request, *evidence_of(state).texts)}
        if not texts:
            raise PolicyError("A new match network needs states of the task that it is for. Give demonstrations.")
        encoder = store.backbone if store is not None else load_backbone(backbone)
        words = sorted({word for text in texts for word, _ in words_in(text)})
        drawn = sorted(torch.randperm(len(words), generator=generator)[:SAMPLE].tolist())
        picked = sorted((words[i] for i in drawn), key=lambda word: (len(word), word))
        parts = [encode_words(encoder, picked[start : start + BATCH]) for start in range(0, len(picked), BATCH)]
        sizes["width"] = min(sizes.get("width", MatchConfig().width), encoder.width)
        config = MatchConfig(encoder.name, encoder.sha256, encoder.width, **sizes)
        with torch.random.fork_rng(devices=[]):  # module constructors draw from the global generator
            torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
            model = MatchModel(config)
        model.rotation, model.center = principal(torch.cat([*parts, torch.zeros(0, encoder.width)]), config.width)
        model.eval()
        return cls(model, lambda: encoder)

    @classmethod
    def load(
        cls,
        folder: Path,
        name: str,
        strategy: QueryStrategy,
        store: TokenStore | None,
        backbone: str | Sequence[str] = (),
    ) -> "MatchPolicy":
        """See :meth:`LearnedPolicy.load`."""
        model = read_model(MatchModel, folder)
        config = model.config
        held = store.backbone if store else None

        def encoder() -> Backbone:
            own = backbone_of(folder, config.backbone, config.backbone_sha256, held, backbone)
            if own.width != config.backbone_width:
                raise PolicyError(f"{folder}: its backbone_width is not that of its backbone. Train it again.")
            return own

        if config.backbone_sha256 != OFFICIAL_SHA256:  # one that is not to be had is named now
            encoder()
        policy = cls(model, encoder, strategy, name)
        policy.words.load(folder / WORDS)
        return policy

    def save_files(self, folder: Path) -> None:
        """Write the words that it knows."""
        self.words.save(folder / WORDS, self.common)

    @property
    def backbone(self) -> Backbone:
        """The frozen encoder."""
        return self._encoder()

    @property
    def encodings(self) -> WordStore:
        """The words that it has met."""
        return self.words

    def prepare(self, states: Iterable[Observation]) -> None:
        """Encode the texts that are not in the store yet."""
        texts = ((state.request, *evidence_of(state).texts) for state in states)
        self.words.add(dict.fromkeys(chain.from_iterable(texts)))

    def encode_once(self, texts: Callable[[], Iterable[str]], folder: Path, stores: dict[str, TokenStore]) -> None:
        """See :meth:`LearnedPolicy.encode_once`; ``stores`` is of no use here."""
        path = self.words_file(folder)
        if not path.is_file():
            self.words.add(texts())
            self.words.save(path)
        self.words.load(path)

    def words_file(self, folder: Path) -> Path:
        """Where :meth:`encode_once` keeps words in a folder, which policies with other words may share."""
        return folder / f"words-{self.words.digest[:12]}.safetensors"

    def encode_states(self, states: Sequence[Observation]) -> None:
        """Add a batch's texts to the store."""
        self.prepare(states)

    def batch(self, states: Sequence[Observation]) -> MatchBatch:
        """Batch decisions, on the model's device."""
        self.encode_states(states)
        return self._batch(states)

    def _batch(self, states: Sequence[Observation]) -> MatchBatch:
        """Batch decisions whose texts were encoded."""
        _check(states, self.model.config)
        together = not torch.is_grad_enabled()
        return collate(states, self.words, self.model.config.sources, together).to(self.model.device)

    def logits(self, states: Sequence[Observation]) -> torch.Tensor:
        """See :meth:`LearnedPolicy.logits`."""
        return self._run(states, lambda batch: (self.model(batch),), lambda mixed, rows: ())[0]

    def logits_and_values(self, states: Sequence[Observation]) -> tuple[torch.Tensor, torch.Tensor]:
        """See :meth:`LearnedPolicy.logits_and_values`."""
        logits, values = self._run(
            states, self.model.logits_and_values, lambda mixed, rows: (self.model.values_of(mixed, rows.mask == 0),)
        )
        return logits, values

    def logits_and_fits(self, states: Sequence[Observation]) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits, and the logit of each row's estimated reward, shape (states, rows); float32 on the CPU."""
        logits, fits = self._run(states, self.model.logits_and_fits, lambda mixed, rows: (self.model.fits_of(mixed),))
        return logits, self._tasted(states, fits) if self.model.config.taste else fits

    def _tasted(self, states: Sequence[Observation], fits: torch.Tensor) -> torch.Tensor:
        """The logits of estimated rewards with what people like, whatever they ask for."""
        shown = [evidence_of(state) for state in states]
        features = np.concatenate([each.features for each in shown])
        liked = self.tastes([text for each in shown for text in each.texts], features)
        parts = torch.split(liked, [len(each.texts) for each in shown])
        padded = torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True)
        return fits + torch.nn.functional.pad(padded, (0, fits.shape[1] - padded.shape[1]))

    def tastes(self, texts: Sequence[str], features: NDArray[np.float32]) -> torch.Tensor:
        """What is added to the logits of rows' estimated rewards; shape (rows,), float32 on the CPU.

        Args:
            texts: the rows' own, which the store holds.
            features: shape (rows, features).
        """
        own = [self.words[text].rows for text in texts]
        owner = torch.repeat_interleave(torch.tensor([len(rows) for rows in own]))
        words = self.words.states[torch.from_numpy(np.concatenate(own))]
        device = self.model.device
        given = (words.to(device), owner.to(device), torch.from_numpy(features).to(device))
        liked: torch.Tensor = self.model.taste(*given)
        return liked.float().cpu()

    def learn_taste(self, width: int, generator: torch.Generator) -> None:
        """Give the network a part for what people like, if it has none; its answers stay what they are.

        Args:
            width: of that part.
            generator: of its weights.
        """
        if not self.model.config.taste:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(torch.randint(2**31, (1,), generator=generator)))
                self.model.config = replace(self.model.config, taste=width)
                self.model.taste = Taste(self.model.config).to(self.model.device)

    def remembering(self) -> "MatchPolicy":
        """See :class:`shoprl.policies.base.Remembering`."""
        policy = copy(self)
        policy._memories = {}
        return policy

    def _run(
        self,
        states: Sequence[Observation],
        run: Callable[[MatchBatch], Sequence[torch.Tensor]],
        beside: Callable[[torch.Tensor, Rows], Sequence[torch.Tensor]],
    ) -> tuple[torch.Tensor, ...]:
        """Outputs for states, in their order; ``beside`` gives those besides logits of what is remembered."""
        remembered = self._memories is not None and not torch.is_grad_enabled() and not self.model.training
        if not remembered:
            self.encode_states(states)
        rows: list[list[torch.Tensor]] = [[] for _ in states]
        parts = _parts(states, 1 if remembered else SHARED)
        for part in parts:
            own = [states[place] for place in part]
            with mixed(self.model.device):
                found = self._recalled(own, beside) if remembered else run(self._batch(own))
            outputs = [each.float().cpu() for each in found]
            if len(parts) == 1:
                return tuple(each[np.argsort(part)] for each in outputs)
            for place, *each in zip(part, *outputs, strict=True):
                rows[place] = each
        return tuple(
            torch.nn.utils.rnn.pad_sequence(list(each), batch_first=True, padding_value=-torch.inf)
            if each[0].dim()
            else torch.stack(each)
            for each in zip(*rows, strict=True)
        )

    def _recalled(
        self, states: Sequence[Observation], beside: Callable[[torch.Tensor, Rows], Sequence[torch.Tensor]]
    ) -> Sequence[torch.Tensor]:
        """Outputs for states of one request, whose memory is used."""
        assert self._memories is not None
        _check(states, self.model.config)
        request = states[0].request
        memory = self._memories.get(request)
        if memory is None or not memory.valid:
            memory = self._memories[request] = RequestMemory(self.model, self.words, request)
        rows = memory.rows(states)
        vectors = memory.mixed(rows)
        return self.model.logits_of(vectors, rows.candidates, rows.looking), *beside(vectors, rows)

    def probabilities(self, states: Sequence[State]) -> list[NDArray[np.float64]]:
        """See :meth:`LearnedPolicy.probabilities`; equal states, as of runs of one request, are computed once."""
        different, places = distinct(states)
        computed = super().probabilities(different)
        return [computed[place] for place in places]

    @torch.inference_mode()
    def fits(self, states: Sequence[State]) -> list[Mapping[str, float]]:
        """See :class:`shoprl.policies.base.Judging`."""
        self._be_ready()
        judged: list[Mapping[str, float]] = []
        for start in range(0, len(states), ACT_BATCH):
            observed = self.observed(states[start : start + ACT_BATCH])
            _, logits = self.logits_and_fits(observed)
            for state, row in zip(observed, torch.sigmoid(logits).tolist(), strict=True):
                names = evidence_of(state).names
                judged.append({name: fit for name, fit in zip(names, row, strict=False) if name})
        return judged


def _parts(states: Sequence[Observation], shared: int) -> list[list[int]]:
    """Places of states to be computed together: of similar size, which leaves little to pad.

    Many of one request (``shared`` of them), as runs for it give, stay by themselves, since they share their texts.
    """
    by_size = sorted(range(len(states)), key=lambda place: len(evidence_of(states[place]).texts))
    of_requests: dict[str, list[int]] = {}
    for place in by_size:
        of_requests.setdefault(states[place].request, []).append(place)
    several = [own for own in of_requests.values() if len(own) >= shared]
    rest = [place for place in by_size if len(of_requests[states[place].request]) < shared]
    return [own[start : start + TOGETHER] for own in (*several, rest) for start in range(0, len(own), TOGETHER)]


def _check(states: Sequence[Observation], config: MatchConfig) -> None:
    """Refuse states of another task than the network was made for."""
    for shown in map(evidence_of, states):
        numbers, sources = shown.features.shape[1], max(map(len, shown.terms), default=0)
        if numbers != config.features or sources > config.sources:
            raise PolicyError(
                f"The match network reads {config.features} numbers and {config.sources} further texts of a row, and "
                f"the states here have {numbers} and {sources}: it was made for another task. Train a new one."
            )
