"""The pictures of the pages in the documentation: python benchmarks/screenshots.py [--out docs/figures]

It generates a tidy shop, starts `shoprl serve` on it, lets made-up visitors react to some lists of two policies, and
takes pictures in the system's Chromium.
"""

import argparse
import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2 as httpx
from playwright.sync_api import sync_playwright
from service_load import SERVE, requests_of, served

REQUEST = "a wall mirror for the hallway under 150 dollars"
WIDTH, HEIGHT = 1280, 860
PHONE = {"width": 390, "height": 844}
VISITORS = 40
WINDOW = 2  # seconds in which the made-up visitors' feedback counts


def react(address: str, shop: Path) -> None:
    """Let made-up visitors ask, and buy from one policy's lists more often."""
    rng = random.Random(0)
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        client.post("/v1/policies/rule-options/activate", json={"role": "candidate"}).raise_for_status()
        for number, request in enumerate(requests_of(shop, VISITORS)):
            answer = client.post("/v1/recommendations", json={"request": request}).raise_for_status().json()
            if not answer["items"]:
                continue
            event = {
                "event_id": f"e{number}",
                "decision_id": answer["decision_id"],
                "item_id": answer["items"][0]["id"],
            }
            bought = rng.random() < (0.45 if answer["policy"] == "pretrained" else 0.25)
            body = {"events": [event | {"type": "purchase" if bought else rng.choice(("click", "like", "dislike"))}]}
            client.post("/v1/feedback", json=body).raise_for_status()


def take(page: Any, path: Path, height: int = HEIGHT) -> None:
    """A picture of the top of a page."""
    page.mouse.move(0, 0)
    page.wait_for_function(
        "[...document.images].every(each => each.complete || each.getBoundingClientRect().top > innerHeight)"
    )
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": page.viewport_size["width"], "height": height})


def ask(page: Any, address: str, out: Path, name: str) -> None:
    page.goto(address)
    page.get_by_label("What are you looking for?").fill(REQUEST)
    page.get_by_role("button", name="Shop for me").click()
    if name == "page-list":
        page.wait_for_selector(".runs li:nth-child(10) b")
        take(page, out / "page-runs.png", 700)
    page.wait_for_selector("ol.cards")
    page.wait_for_timeout(300)
    take(page, out / f"{name}.png", page.viewport_size["height"])


def shop_alone(page: Any, address: str, out: Path) -> None:
    page.goto(f"{address}/shop")
    page.get_by_label("A request of my own:").check()
    page.get_by_label("My request").fill(REQUEST)
    page.get_by_label("I have read this and agree.").check()
    page.get_by_role("button", name="Start").click()
    page.get_by_label("Search words").fill("wall mirror")
    page.keyboard.press("Enter")
    for number in range(10):
        page.wait_for_selector("ol.cards")
        page.locator("ol.cards button").nth(number).click()
        page.wait_for_selector("article.product")
        if page.locator("fieldset.choices").count() > 1:
            page.locator("fieldset.choices button").first.click()
            page.wait_for_selector('fieldset.choices button[aria-pressed="true"]')
            break
        page.get_by_role("button", name="< Prev").click()
    take(page, out / "page-shop.png", 700)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/figures"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shoprl-pages-") as made:
        folder = Path(made)
        generate = [*SERVE[:-1], "catalog", "generate", "--style", "plain", "--out", str(folder / "shop")]
        subprocess.run(generate, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        database, more = f"sqlite:///{folder / 'pages.sqlite'}", ("--reward-window", str(WINDOW))
        with served(folder / "shop", database, folder / "log", more) as (address, _), sync_playwright() as driver:
            react(address, folder / "shop")
            time.sleep(WINDOW + 4)
            browser = driver.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(f"{address}/watch")
            take(page, options.out / "page-watch.png")
            ask(page, address, options.out, "page-list")
            shop_alone(page, address, options.out)
            page.goto(f"{address}/compare")
            page.get_by_label("What are you looking for?").fill(REQUEST)
            page.get_by_role("button", name="Compare").click()
            page.wait_for_selector(".sides")
            take(page, options.out / "page-compare.png")
            ask(browser.new_page(viewport=PHONE), address, options.out, "page-phone")
            browser.close()


if __name__ == "__main__":
    main()
