"""The attention between candidates and page of WebShop's choice policies.

It is that of BiDAF (arXiv 1611.01603) as in ``baseline_models/models/modules.py`` of WebShop, which took it from RCDQN
(arXiv 2010.02386), computed for all candidates of a decision at once and with padding masked.
"""

import torch
from torch import nn


class BiAttention(nn.Module):
    """Tokens of several spans attend to a memory; each span is summarised by the best matches of its tokens.

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
        """Attend to the memory.

        Args:
            tokens: token states of all spans of a decision, concatenated, shape (decisions, T, width).
            owner: index of each token's span, shape (decisions, T); -1 for padding.
            memory: token states attended to, shape (decisions, L, width).
            real: which of them are not padding, shape (decisions, L).
            spans: largest number of spans of a decision.

        Returns:
            Shape (decisions, T, 4 x width): the token, its attended memory, their product, and the product of the
            attended memory with the span's mean token weighted by best match.
        """
        match = self.of_token(tokens) + self.of_memory(memory).transpose(1, 2)
        match = match + (tokens * self.scale) @ memory.transpose(1, 2)
        lowest = torch.finfo(match.dtype).min
        match = match.masked_fill(~real[:, None, :], lowest)
        attended = torch.softmax(match, dim=-1) @ memory
        best = match.amax(dim=-1)[:, None, :].masked_fill(~members(owner, spans), lowest)
        summary = torch.softmax(best, dim=-1) @ tokens
        own = summary.gather(1, owner.clamp(min=0)[:, :, None].expand(-1, -1, summary.shape[2]))
        return torch.cat([tokens, attended, tokens * attended, own * attended], dim=-1)


def members(owner: torch.Tensor, spans: int) -> torch.Tensor:
    """Mask of each span's tokens, shape (decisions, spans, T), from owners of shape (decisions, T)."""
    return owner[:, None, :] == torch.arange(spans, device=owner.device)[None, :, None]


def span_means(tokens: torch.Tensor, owner: torch.Tensor, spans: int) -> torch.Tensor:
    """Mean token state of each span, shape (decisions, spans, width); zeros for missing spans."""
    member = members(owner, spans).to(tokens.dtype)
    return (member @ tokens) / member.sum(dim=-1, keepdim=True).clamp(min=1.0)
