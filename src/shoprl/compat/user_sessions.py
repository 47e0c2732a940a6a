"""What WebShop's server knows of a session: the dictionary that its clients read goals, options and rewards from."""

from collections import defaultdict
from typing import Any

from shoprl.shop.page import Page
from shoprl.shop.session import Session, parse_action


class UserSession(dict[str, Any]):
    """One session in WebShop's fields, kept up to date while its environment is in it.

    ``goal``, ``done``, ``keywords`` and ``page`` of the last search (None before one), ``asin`` of the open product or
    None, ``asins`` opened so far, ``options`` chosen (name -> value), ``actions`` (kind -> how many); after a purchase
    also ``reward`` and ``verbose_info``, its parts.

    Args:
        goal: in WebShop's fields.
    """

    def __init__(self, goal: dict[str, Any]) -> None:
        super().__init__(goal=goal, done=False)
        self._begin()

    def _begin(self) -> None:
        self.update(keywords=None, page=None, asin=None, asins=set(), options={}, actions=defaultdict(int))

    def follow(self, action: str, before: Page, session: Session) -> None:
        """Take over what an action changed.

        Args:
            action: the action.
            before: the page that it was taken on; an action that was not valid has left it.
            session: the session after it.
        """
        page = session.page
        if page is before:
            return
        if page.kind == "search":
            self._begin()
        elif page.kind == "results":
            self._list(action, page)
        else:
            assert page.product is not None
            self["options"] = dict(page.options)
            if before.kind == "results":
                self["asin"] = page.product.asin
                self["asins"].add(page.product.asin)
                self["actions"]["asin"] += 1
            elif page.kind == "item" and before.kind == "item":
                self["actions"]["options"] += 1
            elif page.kind == "sub":
                self["actions"][page.section] += 1
            elif page.kind == "done":
                self["actions"]["purchase"] += 1
                self.update(done=True, reward=page.reward)
                if session.purchase is not None:
                    self["verbose_info"] = session.purchase.components()

    def _list(self, action: str, page: Page) -> None:
        name, argument = parse_action(action)
        if name == "search" and argument:
            self["keywords"] = argument.split(" ")
        self["actions"]["search"] += 1
        self.update(page=page.number, asin=None, options={})
