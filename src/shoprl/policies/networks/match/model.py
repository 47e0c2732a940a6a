"""The match network: how well each thing that an episode has shown answers each word of the request.

Every word of the request is looked for in every row: in its own text, by a learned and by the backbone's own
similarity and as the same term, and in what else is known of it (options, sections that were read). What was found is
seen beside the best of the page, so that products are compared rather than recognised. Each word of a row's text is
compared with the request in turn, which shows what the request did not ask for. Both are pooled and joined with the
row's numbers; transformer layers over all rows give a logit for each candidate, a value for the state, and an estimate
of the reward that a product would earn: its fit.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from safetensors.torch import save
from torch import nn

from shoprl.files import write_bytes, write_json
from shoprl.policies.networks.match.batch import MatchBatch

_ROUND = 4096  # numbers, to a multiple of which sizes are rounded up
OWN = 3  # ways of looking for a word in a row's own text: learned, the backbone's, the same term


@dataclass(frozen=True)
class MatchConfig:
    """Configuration of a match model.

    Attributes:
        backbone: name of the frozen encoder.
        backbone_sha256: digest of its weights.
        backbone_width: size of its token states.
        width: of the reduced word states.
        sources: of further texts of a row.
        match: width of the comparison of words.
        hidden: width of the transformer over rows.
        layers, heads: of the transformer over rows.
        dropout: in training.
        words_dropped: share of the words of rows' texts that are left out in training.
        features: numeric features of a row; the default is the shop's (:mod:`shoprl.tasks.shop.evidence`).
        patience: added to the logits of candidates that look on before deciding, times
            :attr:`shoprl.tasks.base.Evidence.looking`. An imitator of an expert who knows the answer never learns that
            looking on costs less than a wrong purchase.
        taste: width of :class:`Taste`, which learns from feedback; 0 for none.
    """

    model_type: ClassVar[str] = "shoprl-match"

    backbone: str = ""
    backbone_sha256: str = ""
    backbone_width: int = 384
    width: int = 64
    sources: int = 3
    match: int = 48
    hidden: int = 96
    layers: int = 2
    heads: int = 4
    dropout: float = 0.1
    words_dropped: float = 0.1
    features: int = 53
    patience: float = 0.0
    taste: int = 0

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """From a checked ``config.json``, whose other entries are left out."""
        return cls(**{each.name: row[each.name] for each in fields(cls) if each.name in row})


class _Gelu(nn.GELU):
    """GELU of inputs of few sizes: for one that it has not met, oneDNN makes code, which takes longer than the rest."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled() or not input.is_cpu:
            return super().forward(input)
        size = input.numel()
        whole = input.new_empty(-(-size // _ROUND) * _ROUND)
        whole[:size] = input.flatten()
        return nn.functional.gelu(whole)[:size].view(input.shape)


class Taste(nn.Module):
    """What people like whatever they ask for: added to the logit of a product's fit, and to nothing else.

    A sum over the words of its text, each by itself, and a part of its numbers. It begins as 0.
    """

    def __init__(self, config: MatchConfig) -> None:
        super().__init__()
        width = config.taste
        self.of_word = nn.Sequential(nn.Linear(config.width, width), nn.GELU(), nn.Linear(width, 1, bias=False))
        self.of_numbers = nn.Sequential(nn.Linear(config.features, width), nn.GELU(), nn.Linear(width, 1, bias=False))
        for part in (self.of_word, self.of_numbers):
            nn.init.zeros_(part[2].weight)  # type: ignore[arg-type]

    def forward(self, words: torch.Tensor, owner: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """What is added for each row, shape (rows,).

        Args:
            words: states of the words of all rows, shape (words, width).
            owner: the row of each, shape (words,).
            features: shape (rows, features).
        """
        liked: torch.Tensor = self.of_numbers(features).squeeze(-1)
        return liked.index_add(0, owner, self.of_word(words).squeeze(-1))


class MatchModel(nn.Module):
    """Logits, a value and fits; see the module's docstring.

    It is no ``PreTrainedModel``, though its folder looks alike: importing Transformers takes longer than an answer.
    """

    config_class = MatchConfig
    rotation: torch.Tensor
    center: torch.Tensor

    def __init__(self, config: MatchConfig) -> None:
        super().__init__()
        self.config = config
        width, match, hidden = config.width, config.match, config.hidden
        found = OWN + config.sources
        self.register_buffer("rotation", torch.zeros(config.backbone_width, width))
        self.register_buffer("center", torch.zeros(config.backbone_width))
        self.project = nn.Linear(width, match, bias=False)
        self.aside = nn.Linear(width, match // 4, bias=False)
        self.beside = nn.Linear(2 * (match // 4), match, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(8.0))
        self.importance = nn.Sequential(nn.Linear(width, match), nn.GELU(), nn.Linear(match, 2))
        self.asked = nn.Linear(width, match)
        self.found = nn.Linear(2 * found, match)
        self.answer = _Gelu()
        self.own = nn.Linear(match, match)
        self.compare = nn.Sequential(nn.Linear(2 * match + OWN, match), _Gelu())
        self.join = nn.Linear(3 * match, hidden)
        self.drop = nn.Dropout(config.dropout)
        numbers = config.features + 2 * found
        self.numbers = nn.Sequential(nn.Linear(numbers, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        layer = nn.TransformerEncoderLayer(
            hidden, config.heads, 2 * hidden, config.dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.mix = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.score = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, 1))
        self.value = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, 1))
        self.fit = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, 1))
        if config.taste:
            self.taste = Taste(config)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.rotation.device

    def save_pretrained(self, folder: Path) -> None:
        """Write ``config.json`` and ``model.safetensors``."""
        row = asdict(self.config)
        if not self.config.taste:  # as versions wrote it that had none
            del row["taste"]
        write_json(folder / "config.json", {"model_type": self.config.model_type, **row})
        weights = {name: weight.detach().cpu().contiguous() for name, weight in self.state_dict().items()}
        write_bytes(folder / "model.safetensors", save(weights, {"format": "pt"}))

    def forward(self, batch: MatchBatch) -> torch.Tensor:
        """Logits of shape (decisions, candidates); minus infinity where there is no candidate."""
        return self.logits_of(self._mixed(batch), batch.candidates, batch.looking)

    def logits_and_values(self, batch: MatchBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the value of each state, shape (decisions,): a mean over its rows."""
        mixed = self._mixed(batch)
        return self.logits_of(mixed, batch.candidates, batch.looking), self.values_of(mixed, batch.rows)

    def logits_and_fits(self, batch: MatchBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the logit of each row's estimated reward, shape (decisions, rows)."""
        mixed = self._mixed(batch)
        return self.logits_of(mixed, batch.candidates, batch.looking), self.fits_of(mixed)

    def logits_of(self, mixed: torch.Tensor, candidates: torch.Tensor, looking: torch.Tensor) -> torch.Tensor:
        """The logits of contextual vectors; the other arguments are those of :class:`MatchBatch`."""
        logits: torch.Tensor = self.score(mixed[:, : candidates.shape[1]]).squeeze(-1) + self.config.patience * looking
        return logits.masked_fill(~candidates, -torch.inf)

    def values_of(self, mixed: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """The values of the states of contextual vectors, some of which are real rows."""
        values = self.value(mixed).squeeze(-1) * rows
        means: torch.Tensor = values.sum(dim=-1) / rows.sum(dim=-1)
        return means

    def fits_of(self, mixed: torch.Tensor) -> torch.Tensor:
        """The logit of the estimated reward of each contextual vector."""
        fits: torch.Tensor = self.fit(mixed).squeeze(-1)
        return fits

    def _mixed(self, batch: MatchBatch) -> torch.Tensor:
        """Contextual vectors of the rows, shape (decisions, rows, hidden)."""
        asked = len(batch.words)  # states of one request ask once
        near, tokens, attended = self.compared(
            batch.request[:asked], batch.request_terms[:asked], batch.words, batch.terms
        )
        found = self._found(near, batch)  # (decisions, rows, W, found)
        products = batch.products[:, :, None, None]
        page = found.masked_fill(~products, 0.0).amax(dim=1, keepdim=True)
        known = self.found(torch.cat([found, page - found], dim=-1)) + self.asked(batch.request)[:, None]
        importance = self.importance(batch.request)
        real = batch.request_terms >= 0
        weights = torch.softmax(importance[..., 0].masked_fill(~real, torch.finfo(known.dtype).min), dim=-1)
        answers = torch.einsum("drwh,dw->drh", self.answer(known), weights)
        plain = torch.sigmoid(importance[..., 1]) * real
        share = plain / plain.sum(dim=-1, keepdim=True).clamp(min=1e-6)
        covered = torch.einsum("drwf,dw->drf", found, share)
        best = torch.einsum("drwf,dw->drf", page.expand_as(found), share)
        pooled = [mean_of_texts(part.float(), batch.terms, batch.owner, batch.texts) for part in (tokens, attended)]
        own = torch.cat([_of_rows(part, batch) for part in pooled], dim=-1)
        numbers = self.numbers(torch.cat([batch.features, covered, best - covered], dim=-1))
        rows = self.drop(self.join(torch.cat([answers, own], dim=-1))) + numbers
        mixed: torch.Tensor = self.mix(rows, src_key_padding_mask=~batch.rows)
        return mixed

    def compared(
        self, asked: torch.Tensor, asked_terms: torch.Tensor, own: torch.Tensor, terms: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Compare the words of texts with those of requests.

        Args:
            asked: word states of the requests, shape (groups, W, width).
            asked_terms: their terms, shape (groups, W).
            own: word states of all texts of a group, shape (groups, T, width).
            terms: their terms, shape (groups, T).

        Returns:
            How alike words are, shape (groups, T, W, OWN); each word, and the same compared, shape (groups, T, match).
        """
        normal = nn.functional.normalize
        request, words = self._in_context(asked), self._in_context(own)
        kept = terms >= 0
        if self.training and self.config.words_dropped:
            kept = kept & (torch.rand_like(kept, dtype=torch.float32) >= self.config.words_dropped)
        real = kept[:, :, None] & (asked_terms >= 0)[:, None, :]
        same = (terms[:, :, None] == asked_terms[:, None, :]).float()
        learned = normal(words, dim=-1) @ normal(request, dim=-1).transpose(1, 2)
        given = normal(own, dim=-1) @ normal(asked, dim=-1).transpose(1, 2)
        near = torch.stack([learned, given, same], dim=-1).masked_fill(~real[..., None], 0.0)
        lowest = torch.finfo(learned.dtype).min
        scores = (self.sharpness * learned).masked_fill((asked_terms < 0)[:, None, :], lowest)
        attended = torch.softmax(scores, dim=-1) @ request
        best = near.amax(dim=2).clamp(min=0)  # as padding is 0
        compared = self.compare(torch.cat([words * attended, (words - attended).abs(), best], dim=-1))
        return near, self.own(words) * kept[..., None], compared * kept[..., None]

    def _in_context(self, states: torch.Tensor) -> torch.Tensor:
        """Words with their neighbours: "bag" after "laptop" makes another thing of it; shape (decisions, T, match)."""
        aside = nn.functional.pad(self.aside(states), (0, 0, 1, 1))
        beside: torch.Tensor = self.beside(torch.cat([aside[:, :-2], aside[:, 2:]], dim=-1))
        projected: torch.Tensor = self.project(states)
        return projected + beside

    @staticmethod
    def _found(near: torch.Tensor, batch: MatchBatch) -> torch.Tensor:
        """How well each row answers each word of the request, shape (decisions, rows, W, found)."""
        best = _of_rows(best_of_texts(near, batch.owner, batch.texts), batch)
        return torch.cat([best, batch.known.to(best.dtype)], dim=-1)


def best_of_texts(near: torch.Tensor, owner: torch.Tensor, texts: int) -> torch.Tensor:
    """The best of each text's words, at least 0, shape (groups, texts, W, OWN), of how alike they are."""
    index = owner[:, :, None, None].expand_as(near)
    nothing = near.new_zeros((near.shape[0], texts, *near.shape[2:]))
    return nothing.scatter_reduce(1, index, near, "amax")


def mean_of_texts(vectors: torch.Tensor, terms: torch.Tensor, owner: torch.Tensor, texts: int) -> torch.Tensor:
    """Mean over the words of each text, shape (groups, texts, match); zeros if it has none."""
    index = owner[:, :, None]
    shape = (len(vectors), texts, vectors.shape[2])
    total = vectors.new_zeros(shape).scatter_add(1, index.expand_as(vectors), vectors)
    real = (terms >= 0)[:, :, None].float()
    count = vectors.new_zeros((*shape[:2], 1)).scatter_add(1, index, real)
    return total / count.clamp(min=1.0)


def _of_rows(texts: torch.Tensor, batch: MatchBatch) -> torch.Tensor:
    """What was found of texts, shape (groups, texts, ...), for each row, shape (decisions, rows, ...)."""
    return texts if batch.places is None else texts[0][batch.places]
