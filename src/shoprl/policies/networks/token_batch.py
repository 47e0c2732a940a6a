"""The texts that WebShop's choice policies read, and batches of their tokens.

The texts are those of ``baseline_models/train_choice_il.py`` and ``env.py`` of WebShop: lower case without quotation
marks, with products named by title instead of ASIN.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from shoprl.tasks.base import Observation

BUTTONS = ("[button]", "[button_]", "[clicked button]", "[clicked button_]")  # how text_rich marks clickable texts
LONG, FIRST, DRAWN = 20, 6, 10  # a list of more than LONG candidates is cut to the first few and some drawn ones
PASS = 16_384  # tokens in one pass of an encoder, padding included

Tokenize = Callable[[Sequence[str]], Sequence[Sequence[int]]]
Encode = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def plain(text: str) -> str:
    """A text as WebShop's models read it."""
    text = text.lower().replace('"', "").replace("'", "").strip()
    return text.replace("[sep]", "[SEP]")


def candidates_of(state: Observation, kind: str) -> list[int]:
    """Indices of the candidates of a kind."""
    return [i for i, own in enumerate(state.kinds) if own == kind]


def action_texts(state: Observation) -> list[str]:
    """Each candidate's action as text, with products named by title."""
    products = set(candidates_of(state, "product"))
    named = (
        f"click[item - {title}]" if i in products else action
        for i, (action, title) in enumerate(zip(state.actions, state.texts, strict=True))
    )
    return [plain(text) for text in named]


def cut_candidates(state: Observation, chosen: int, rng: np.random.Generator) -> tuple[Observation, int]:
    """WebShop's cut of long lists of candidates in training: the first 6, 10 drawn ones, and the demonstrated one.

    Args:
        state: a demonstrated decision.
        chosen: index of the demonstrated candidate.
        rng: of the draw.

    Returns:
        The state with those candidates, in order, and the new index; unchanged if there are 20 or fewer.
    """
    count = len(state.texts)
    if count <= LONG:
        return state, chosen
    drawn = rng.choice(np.arange(FIRST, count), size=DRAWN, replace=False).tolist()
    kept = sorted({*range(FIRST), *drawn, chosen})
    fewer = replace(
        state,
        texts=tuple(state.texts[i] for i in kept),
        features=state.features[kept],
        actions=tuple(state.actions[i] for i in kept),
        kinds=tuple(state.kinds[i] for i in kept),
    )
    return fewer, kept.index(chosen)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one or more texts per decision; equal texts are encoded once.

    Attributes:
        passes: inputs of the encoder: (vocabulary ids, lengths) of shapes (texts, longest) and (texts,), by similar
            length.
        place: positions of a decision's tokens in the output of all passes, shape (decisions, T).
        owner: index of each token's text within its decision, shape (decisions, T); -1 for padding.
    """

    passes: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    place: torch.Tensor
    owner: torch.Tensor

    def states(self, encode: Encode) -> torch.Tensor:
        """Token states of each decision, shape (decisions, T, width); undefined where ``owner`` is -1.

        Args:
            encode: (ids, lengths) -> states of shape (texts, longest, width).
        """
        flat = torch.cat([encode(ids, lengths).flatten(0, 1) for ids, lengths in self.passes])
        return flat[self.place]

    def to(self, device: torch.device) -> "Tokens":
        """A copy on a device; lengths are not moved."""
        moved = tuple((ids.to(device), lengths) for ids, lengths in self.passes)
        return Tokens(moved, self.place.to(device), self.owner.to(device))


def pack(groups: Sequence[Sequence[str]], tokenize: Tokenize, spread: float = 2.0) -> Tokens:
    """Tokenize the texts of several decisions.

    Args:
        groups: the texts of each decision, at least one.
        tokenize: texts -> vocabulary ids, at least one per text; 0 is padding.
        spread: largest ratio of the longest to the shortest text of a pass.
    """
    texts = list(dict.fromkeys(text for group in groups for text in group))
    ids = [torch.tensor(each) for each in tokenize(texts)]
    places: dict[str, torch.Tensor] = {}
    packed, start = [], 0
    for numbers in passes([len(each) for each in ids], spread):
        padded = torch.nn.utils.rnn.pad_sequence([ids[i] for i in numbers], batch_first=True)
        for row, i in enumerate(numbers):
            places[texts[i]] = start + row * padded.shape[1] + torch.arange(len(ids[i]))
        packed.append((padded, torch.tensor([len(ids[i]) for i in numbers])))
        start += padded.numel()
    place = [torch.cat([places[text] for text in group]) for group in groups]
    owner = [torch.cat([torch.full((len(places[t]),), i) for i, t in enumerate(group)]) for group in groups]
    return Tokens(tuple(packed), _padded(place, 0), _padded(owner, -1))


def passes(lengths: Sequence[int], spread: float = 2.0) -> Iterable[list[int]]:
    """Group texts of similar length into passes of at most ``PASS`` tokens.

    Args:
        lengths: of the texts, at least one.
        spread: largest ratio of the longest to the shortest text of a pass.

    Yields:
        The indices of a pass's texts.
    """
    current: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        length = lengths[number]
        if current and (length > spread * lengths[current[0]] or length * (len(current) + 1) > PASS):
            yield current
            current = []
        current.append(number)
    yield current


def _padded(parts: Sequence[torch.Tensor], value: int) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(parts), batch_first=True, padding_value=value)


def candidate_mask(states: Sequence[Observation]) -> torch.Tensor:
    """Which candidates are real, shape (decisions, candidates)."""
    sizes = torch.tensor([len(state.texts) for state in states])
    return torch.arange(int(sizes.max()))[None, :] < sizes[:, None]
