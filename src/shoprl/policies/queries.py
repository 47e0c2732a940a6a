"""Search strategies: which queries an agent may type for an instruction."""

from collections.abc import Callable
from functools import partial
from typing import Literal

from shoprl.policies.state import Instruction

QueryStrategy = Literal["instruction", "wish"]
Queries = Callable[[Instruction], tuple[str, ...]]  # the searches that an agent chooses among


def queries_for(strategy: QueryStrategy, instruction: Instruction) -> tuple[str, ...]:
    """The queries of a strategy.

    Args:
        strategy: ``instruction`` types all of it; ``wish`` leaves out the price clause.
        instruction: the request.
    """
    text = instruction.text if strategy == "instruction" else instruction.wish
    # Brackets and line breaks would end the action.
    return (" ".join(text.replace("[", "(").replace("]", ")").splitlines()),)


WISH: Queries = partial(queries_for, "wish")
