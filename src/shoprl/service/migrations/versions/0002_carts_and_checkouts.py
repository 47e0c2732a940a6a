"""Carts and checkouts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "carts",
        sa.Column("cart_id", sa.String(40), nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("currency", sa.String(10), nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("cart_id", name="pk_carts"),
    )
    op.create_table(
        "checkouts",
        sa.Column("checkout_id", sa.String(40), nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("currency", sa.String(10), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("order_id", sa.String(40)),
        sa.PrimaryKeyConstraint("checkout_id", name="pk_checkouts"),
        sa.UniqueConstraint("order_id", name="uq_checkouts_order_id"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("checkouts", "carts"):
        op.drop_table(table)
