from dataclasses import replace

import pytest

from shoprl.service.assistants.carts import (
    Cart,
    Checkout,
    complete,
    find_cart,
    find_checkout,
    keep_cart,
    keep_checkout,
)
from shoprl.service.database import open_database, reading, writing
from shoprl.service.decisions import new_id

LINES = [{"id": "B0LAMP0001?color=red", "title": "Lamp", "price": 1250, "quantity": 2}]


@pytest.fixture
def engine(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'service.db'}")
    yield engine
    engine.dispose()


def test_a_cart_is_kept_and_replaced(engine):
    cart = Cart("cart_1", LINES, "USD", 5.0)
    for each in (cart, replace(cart, lines=LINES[:0], changed_at=6.0)):
        with writing(engine) as connection:
            keep_cart(connection, each)
        with reading(engine) as connection:
            assert find_cart(connection, "cart_1") == each
            assert find_cart(connection, "cart_2") is None


def test_a_checkout_ends_in_one_order_however_often_it_is_completed(engine):
    with writing(engine) as connection:
        keep_checkout(connection, Checkout("c", LINES, "USD", "ready_for_complete", 5.0))
    with writing(engine) as connection:
        done = complete(connection, "c", 7.0)
        again = complete(connection, "c", 9.0)
        assert complete(connection, "other", 9.0) is None
    assert (done.status, done.changed_at) == ("completed", 7.0)
    assert again == done
    with reading(engine) as connection:
        assert find_checkout(connection, "c") == done


def test_ids_are_not_to_be_guessed():
    assert len({new_id("cart") for _ in range(100)}) == 100
    assert len(new_id("checkout")) <= 40
