"""Ids of products as long as catalogues may have them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE, AFTER = sa.String(200), sa.String(1_000)


def upgrade() -> None:
    """Widen the columns."""
    _alter(BEFORE, AFTER)


def downgrade() -> None:
    """Narrow them; a database that holds longer ids refuses."""
    _alter(AFTER, BEFORE)


def _alter(before: sa.String, after: sa.String) -> None:
    for table in ("items", "events"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column("item_id", existing_type=before, type_=after, existing_nullable=False)
