"""What people do in the pages: sessions in which they shop, and lists that they compare."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_sequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "demonstrations",
        sa.Column("sequence", _sequence, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("goal", sa.JSON),
        sa.Column("goal_index", sa.Integer),
        sa.Column("shop", sa.String(64), nullable=False),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("reward", sa.Double),
        sa.PrimaryKeyConstraint("sequence", name="pk_demonstrations"),
        sa.UniqueConstraint("code", name="uq_demonstrations_code"),
    )
    op.create_table(
        "comparisons",
        sa.Column("sequence", _sequence, autoincrement=True, nullable=False),
        sa.Column("comparison_id", sa.String(40), nullable=False),
        sa.Column("left", sa.String(40), nullable=False),
        sa.Column("right", sa.String(40), nullable=False),
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("preferred", sa.String(10)),
        sa.Column("answered_at", sa.Double),
        sa.PrimaryKeyConstraint("sequence", name="pk_comparisons"),
        sa.UniqueConstraint("comparison_id", name="uq_comparisons_comparison_id"),
        sa.ForeignKeyConstraint(["left"], ["decisions.decision_id"], name="fk_comparisons_left_decisions"),
        sa.ForeignKeyConstraint(["right"], ["decisions.decision_id"], name="fk_comparisons_right_decisions"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("comparisons", "demonstrations"):
        op.drop_table(table)
