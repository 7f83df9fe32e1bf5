"""Creates the table of events that the topic rejected."""

from alembic import op
from service_runtime.refused_events import TABLE, UNDO

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute(UNDO)
    op.drop_table("refused_events")
