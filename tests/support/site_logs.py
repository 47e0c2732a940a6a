"""Session logs of the toy shop in the form of WebShop's site."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from shoprl.shop.data import ShopData
from shoprl.shop.goal import Goal
from shoprl.shop.session import Session

Row = dict[str, Any]
BACK, PREVIOUS, NEXT, BUY = "click[back to search]", "click[< prev]", "click[next >]", "click[buy now]"
SEARCH, SHOE = "search[nimbus mesh]", "click[b0shoe0001]"
KINDS = {
    "search": "index",
    "results": "search_results",
    "item": "item_page",
    "sub": "item_sub_page",
    "done": "done",
}


def _line(session: Session, goal: Goal, query: str, number: int) -> Row:
    """What the site logs of the page that a session is on."""
    page = session.page
    row: Row = {"page": KINDS[page.kind], "url": page.url, "goal": goal.to_json()}
    keywords = query.split(" ")
    if page.kind == "results":
        row["content"] = {"keywords": keywords, "search_result_asins": [p.asin for p in page.products], "page": number}
    elif page.product is not None and page.kind != "done":
        options = dict(page.options)
        row["content"] = {"keywords": str(keywords), "page": str(number), "asin": page.product.asin, "options": options}
        if page.kind == "sub":
            row["url"] = f"http://127.0.0.1:3000/item_sub_page/me/{page.product.asin}/q/1/{page.section}/%7B%7D"
    elif page.product is not None:
        row["content"] = {"asin": page.product.asin, "options": dict(page.options), "price": page.product.price}
        row |= {"reward": page.reward, "reward_info": {}}
    return row


def log_rows(actions: Sequence[str], goal: Goal, data: ShopData) -> list[Row]:
    """The log of a person who takes these actions, all of them by clicks that the site sees."""
    session = Session(data.shop, replace(goal, options=goal.option_values))
    query, number = "", 1
    rows = [_line(session, session.goal, query, number)]
    for action in actions:
        session.step(action)
        if action.startswith("search["):
            query, number = action[7:-1].lower(), 1
        if session.page.kind == "results":
            number = session.page.number
        rows.append(_line(session, session.goal, query, number))
    return rows


def write_log(path: Path, rows: Sequence[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def goal_for(asin: str, data: ShopData) -> Goal:
    """A training goal that asks for a product."""
    return next(data.goals[i] for i in data.split.train if data.goals[i].asin == asin)
