"""Carts and checkouts. A checkout ends in an order record: nothing is paid, nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from shoprl.service.decisions import new_id
from shoprl.service.tables import carts, checkouts

Status = Literal["ready_for_complete", "completed"]
Line = Mapping[str, Any]
"""``id`` of a form, ``title``, ``price`` (in the smallest unit) and ``quantity``, as they were when it was put in."""


@dataclass(frozen=True, slots=True)
class Cart:
    """What somebody may want to buy.

    Attributes:
        cart_id: its id.
        lines: what is in it.
        currency: of the prices.
        changed_at: seconds since 1970 in UTC.
    """

    cart_id: str
    lines: Sequence[Line]
    currency: str
    changed_at: float


@dataclass(frozen=True, slots=True)
class Checkout:
    """What somebody is about to buy, or has bought.

    Attributes:
        checkout_id: its id.
        lines: what is bought.
        currency: of the prices.
        status: ``completed`` once there is an order.
        changed_at: seconds since 1970 in UTC.
        order_id: of the order; None until there is one.
    """

    checkout_id: str
    lines: Sequence[Line]
    currency: str
    status: Status
    changed_at: float
    order_id: str | None = None


def keep_cart(connection: Connection, cart: Cart) -> None:
    """Keep a cart, in the place of what it held before."""
    values = {"lines": [dict(each) for each in cart.lines], "currency": cart.currency, "changed_at": cart.changed_at}
    if not connection.execute(update(carts).where(carts.c.cart_id == cart.cart_id).values(values)).rowcount:
        connection.execute(insert(carts).values(cart_id=cart.cart_id, **values))


def find_cart(connection: Connection, cart_id: str) -> Cart | None:
    """A cart by its id."""
    row = connection.execute(select(carts).where(carts.c.cart_id == cart_id)).one_or_none()
    return None if row is None else Cart(*row)


def keep_checkout(connection: Connection, checkout: Checkout) -> None:
    """Keep a new checkout."""
    names = Checkout.__slots__
    row = {name: getattr(checkout, name) for name in names} | {"lines": [dict(each) for each in checkout.lines]}
    connection.execute(insert(checkouts).values(row))


def find_checkout(connection: Connection, checkout_id: str) -> Checkout | None:
    """A checkout by its id."""
    row = connection.execute(select(checkouts).where(checkouts.c.checkout_id == checkout_id)).one_or_none()
    return None if row is None else Checkout(*row)


def complete(connection: Connection, checkout_id: str, now: float) -> Checkout | None:
    """Make an order of a checkout; one that has an order keeps it, so that asking again orders nothing more.

    Args:
        connection: a transaction that writes, of which there is one at a time.
        checkout_id: which.
        now: seconds since 1970.
    """
    found = find_checkout(connection, checkout_id)
    if found is None or found.status == "completed":
        return found
    done = replace(found, status="completed", changed_at=now, order_id=new_id("order"))
    values = {"status": done.status, "changed_at": now, "order_id": done.order_id}
    connection.execute(update(checkouts).where(checkouts.c.checkout_id == checkout_id).values(values))
    return done
