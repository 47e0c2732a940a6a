"""Decisions with their items, feedback, policies, and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = 200
SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "decisions",
        sa.Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("decision_id", sa.String(40), nullable=False),
        sa.Column("decided_at", sa.Double, nullable=False),
        sa.Column("activated_at", sa.Double),
        sa.Column("expires_at", sa.Double),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("context", sa.JSON, nullable=False),
        sa.Column("policy", sa.String(100), nullable=False),
        sa.Column("policy_version", sa.String(64), nullable=False),
        sa.Column("policy_propensity", sa.Double, nullable=False),
        sa.Column("allocation", sa.JSON, nullable=False),
        sa.Column("shop", sa.String(64), nullable=False),
        sa.UniqueConstraint("decision_id", name="uq_decisions_decision_id"),
    )
    op.create_index("ix_decisions_decided_at", "decisions", ["decided_at"])
    op.create_table(
        "items",
        sa.Column("decision_id", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("item_id", sa.String(ID), nullable=False),
        sa.Column("propensity", sa.Double, nullable=False),
        sa.Column("shown", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("decision_id", "position", name="pk_items"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.decision_id"], name="fk_items_decision_id_decisions"),
    )
    op.create_table(
        "events",
        sa.Column("sequence", SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(ID), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("decision_id", sa.String(ID), nullable=False),
        sa.Column("item_id", sa.String(ID), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("over", sa.JSON, nullable=False),
        sa.Column("timestamp", sa.Double, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.UniqueConstraint("event_id", name="uq_events_event_id"),
    )
    op.create_index("ix_events_decision_id", "events", ["decision_id"])
    op.create_table(
        "policies",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("parent", sa.String(100)),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("registered_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_policies"),
    )
    op.create_table(
        "keys",
        sa.Column("key_id", sa.String(20), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
        sa.PrimaryKeyConstraint("key_id", name="pk_keys"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("keys", "policies", "events", "items", "decisions"):
        op.drop_table(table)
