"""Matches between the tokens of candidates and those of a request."""

import torch
from torch import nn


def coverage(near: torch.Tensor, weights: torch.Tensor, owner: torch.Tensor, candidates: int) -> torch.Tensor:
    """How much of the request each candidate, and the whole page, covers: weighted mean of each token's best match.

    Args:
        near: similarity of the candidates' tokens to the request's, shape (decisions, T, L); lowest for padding.
        weights: of the request's tokens, shape (decisions, L).
        owner: index of each token's candidate, shape (decisions, T).
        candidates: number of candidates.

    Returns:
        Shape (decisions, candidates, 2): the candidate's coverage and the page's.
    """
    lowest = near.new_full((near.shape[0], candidates, near.shape[2]), 0.0)
    each = lowest.scatter_reduce(1, owner[:, :, None].expand_as(near), near, "amax")
    page = each.amax(dim=1, keepdim=True).expand_as(each)
    total = weights.sum(dim=-1).clamp(min=1e-6)[:, None, None]
    return torch.stack([(part * weights[:, None, :]).sum(-1) for part in (each, page)], dim=-1) / total


def cosine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Pairwise cosine, shape (decisions, T, L), of tokens of shapes (decisions, T, width), (decisions, L, width)."""
    normal = nn.functional.normalize
    return normal(first, dim=-1) @ normal(second, dim=-1).transpose(1, 2)
