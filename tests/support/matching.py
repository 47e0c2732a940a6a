"""Small match policies on a backbone without weights, and rows of evidence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from shoprl.policies.networks.encoder import TokenStore
from shoprl.policies.networks.match.policy import MatchPolicy
from shoprl.tasks.base import Evidence, Observation
from shoprl.tasks.shop.evidence import COUNT
from tests.support.fakes import SMALL, fake_store
from tests.support.tiny_bert import toy_states


def match_policy(seed: int = 0, store: TokenStore | None = None, **sizes: Any) -> MatchPolicy:
    """For the toy shop."""
    generator = torch.Generator().manual_seed(seed)
    return MatchPolicy.new(generator, toy_states(), store or fake_store(), **(SMALL | sizes))


def shown(request: str, *texts: str, seen: Sequence[str] = (), terms: Sequence[str] = ()) -> Observation:
    """A state of products: candidates, then those seen; ``terms`` is what was read of each row, as words."""
    rows = (*texts, *seen)
    rng = np.random.default_rng(len(rows))
    read = [frozenset(each.split()) for each in (*terms, *("",) * (len(rows) - len(terms)))]
    evidence = Evidence(
        texts=rows,
        terms=tuple((frozenset[str](), frozenset[str](), each) for each in read),
        features=rng.random((len(rows), COUNT)).astype(np.float32),
        names=tuple(f"B{number}" for number in range(len(rows))),
    )
    return Observation(request, texts, np.zeros((len(texts), 0), dtype=np.float32), evidence=evidence)
