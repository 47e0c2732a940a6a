"""The texts that a policy can meet in a shop, so that they can be encoded before it acts."""

from collections.abc import Iterable, Iterator, Sequence

from shoprl.catalog.catalog import Catalog
from shoprl.shop.goal import Goal
from shoprl.tasks.instruction import parse_instruction, queries_for


def product_texts(catalog: Catalog) -> Iterator[str]:
    """Every product's texts that a choice policy compares: titles and option values."""
    for product in catalog:
        yield product.title
        for values in product.options.values():
            yield from values


def wishes(goals: Sequence[Goal], indices: Iterable[int]) -> Iterator[str]:
    """:func:`wishes_of` some goals of a list."""
    return wishes_of(goals[index] for index in indices)


def wishes_of(goals: Iterable[Goal]) -> Iterator[str]:
    """What the instructions of goals ask for, and what is searched for."""
    for goal in goals:
        instruction = parse_instruction(goal.instruction)
        yield from (instruction.wish, *queries_for("wish", instruction))
