"""The texts that a policy can encounter in a shop, to encode them before it acts."""

from collections.abc import Iterable, Iterator, Sequence

from shoprl.catalog.catalog import Catalog
from shoprl.shop.goal import Goal
from shoprl.tasks.instruction import parse_instruction, queries_for


def product_texts(catalog: Catalog) -> Iterator[str]:
    """Titles and option values of all products, which a choice policy compares."""
    for product in catalog:
        yield product.title
        for values in product.options.values():
            yield from values


def wishes(goals: Sequence[Goal], indices: Iterable[int]) -> Iterator[str]:
    """:func:`wishes_of` for the goals at some indices."""
    return wishes_of(goals[index] for index in indices)


def wishes_of(goals: Iterable[Goal]) -> Iterator[str]:
    """The wish of each goal's instruction, and the query it becomes."""
    for goal in goals:
        instruction = parse_instruction(goal.instruction)
        yield from (instruction.wish, *queries_for("wish", instruction))
