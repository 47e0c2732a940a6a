"""A small feed, and the shop that is made of it."""

from pathlib import Path

from shoprl.shop.importing import import_feed

KINDS = ("mug", "bowl", "plate", "jug")
FEED = "id,title,price,color,description,product_type\n" + "".join(
    f"{number},Stone {KINDS[number % 4]} number {number},{number}.50 USD,red|blue,"
    f"A {KINDS[number % 4]} for {'tea' if number % 3 else 'soup'}.,Kitchen > {KINDS[number % 4].title()}s\n"
    for number in range(1, 25)
)


def write_feed(path: Path, text: str = FEED) -> Path:
    """Write a feed; its path."""
    path.write_text(text)
    return path


def make_shop(folder: Path) -> Path:
    """A shop made of :data:`FEED`; its folder."""
    return import_feed([write_feed(folder / "feed.csv")], folder / "shop").folder
