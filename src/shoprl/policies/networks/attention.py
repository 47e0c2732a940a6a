"""The attention of WebShop's choice policies, between the tokens of candidates and those of a page.

It is BiDAF's (arXiv 1611.01603) in the form that ``baseline_models/models/modules.py`` of WebShop has from RCDQN (arXiv
2010.02386), computed for all candidates of a decision at once and blind to padding.
"""

import torch
from torch import nn


class BiAttention(nn.Module):
    """Tokens of several spans attend to a memory, and each span's tokens to one another by their best match.

    Args:
        width: of a token state.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.of_token = nn.Linear(width, 1, bias=False)
        self.of_memory = nn.Linear(width, 1, bias=False)
        self.scale = nn.Parameter(torch.empty(width).uniform_(width**-0.5, 1.0))

    def forward(
        self, tokens: torch.Tensor, owner: torch.Tensor, memory: torch.Tensor, real: torch.Tensor, spans: int
    ) -> torch.Tensor:
        """Join each token with what it found.

        Args:
            tokens: states of all spans of a decision, one after the other, shape (decisions, T, width).
            owner: index of the span a token belongs to, shape (decisions, T); -1 for padding.
            memory: token states attended to, shape (decisions, L, width).
            real: which of them are no padding, shape (decisions, L).
            spans: how many spans there are at most.

        Returns:
            Shape (decisions, T, 4 x width): the token, its mean of the memory, their product, and the product of that
            mean with the span's mean token by best match.
        """
        match = self.of_token(tokens) + self.of_memory(memory).transpose(1, 2)
        match = match + (tokens * self.scale) @ memory.transpose(1, 2)
        lowest = torch.finfo(match.dtype).min
        match = match.masked_fill(~real[:, None, :], lowest)
        found = torch.softmax(match, dim=-1) @ memory
        best = match.amax(dim=-1)[:, None, :].masked_fill(~members(owner, spans), lowest)
        summary = torch.softmax(best, dim=-1) @ tokens
        own = summary.gather(1, owner.clamp(min=0)[:, :, None].expand(-1, -1, summary.shape[2]))
        return torch.cat([tokens, found, tokens * found, own * found], dim=-1)


def members(owner: torch.Tensor, spans: int) -> torch.Tensor:
    """Which tokens belong to which span, shape (decisions, spans, T), from owners of shape (decisions, T)."""
    return owner[:, None, :] == torch.arange(spans, device=owner.device)[None, :, None]


def span_means(tokens: torch.Tensor, owner: torch.Tensor, spans: int) -> torch.Tensor:
    """Mean token of each span, shape (decisions, spans, width); zeros where a decision has fewer spans."""
    member = members(owner, spans).to(tokens.dtype)
    return (member @ tokens) / member.sum(dim=-1, keepdim=True).clamp(min=1.0)
