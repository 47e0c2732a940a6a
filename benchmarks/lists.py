"""Lists of the pretrained agent for twenty requests on the shared catalogues, as they come out: docs/results/lists.md.

python benchmarks/lists.py --webshop PATH --icecat SHOP --bestbuy SHOP --out FILE [--policy pretrained] [--threads 1]

The requests were written before any list was seen; none was changed afterwards.
"""

import argparse
from pathlib import Path

import torch

from shoprl.files import write_bytes
from shoprl.policies.saving import load_policy
from shoprl.recommender.recommend import Recommendations, recommend
from shoprl.shop.data import read_shop
from shoprl.tasks.shop.task import ShopTask
from shoprl.terminal import shown

SHOWN = 3  # lines of a list
REQUESTS = {
    "webshop": (
        "comfortable slip on shoes for men, size 11, under 60 dollars",
        "a machine washable dress for women with long sleeves, black, medium",
        "gluten free crackers",
        "a desk chair that can be adjusted in height",
        "something to whiten my teeth",
        "screen protector for my watch, less than 15 dollars",
        "a birthday present for a dog",
    ),
    "icecat": (
        "laptop with 16 gb of memory and a touchscreen",
        "wireless mouse",
        "black ink cartridge for an hp printer",
        "27 inch monitor with hdmi",
        "noise cancelling headphones",
        "hard drive 2tb external usb 3.0",
        "a red dress for a summer wedding",
    ),
    "bestbuy": (
        "bluetooth speaker that is waterproof, under 100 dollars",
        "smart tv, 55 inches, 4k",
        "usb c cable",
        "a game for nintendo switch that kids like",
        "coffee maker for one cup",
        "battery for a canon camera",
    ),
}
TITLES = {
    "webshop": "WebShop's 1,000 products",
    "icecat": "Icecat's 19,406 products (source: Icecat, Open Content License)",
    "bestbuy": "Best Buy's 3,291 products",
}


def lines_of(request: str, found: Recommendations) -> list[str]:
    """A request and the head of its list, as Markdown."""
    lines = [f"**{request}**", ""]
    for place, each in enumerate(found[:SHOWN], start=1):
        options = ", ".join(f"{name}: {value}" for name, value in each.options.items())
        about = "; ".join(part for part in (each.price, f"fit {each.fit}", options) if part)
        lines.append(f"{place}. {shown(each.title, 90).replace('|', '/').replace('<', '‹')} ({about})")
    lines += ["", f"{len(found)} in the list, {found.unfit} left out as unfit, {found.too_dear} as too dear.", ""]
    return lines


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in REQUESTS:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--policy", default="pretrained")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    policy = load_policy(given.policy)
    lines: list[str] = []
    for name, requests in REQUESTS.items():
        task = ShopTask(read_shop(getattr(given, name)))
        lines += [f"## {TITLES[name]}", ""]
        for request in requests:
            lines += lines_of(request, recommend(policy, task, request))
    write_bytes(given.out, "\n".join(lines).encode())


if __name__ == "__main__":
    main()
