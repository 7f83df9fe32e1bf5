"""Where events are set aside that no topic takes."""

from alembic import op
from service_runtime.refused_events import RETURN, TABLE

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute(RETURN)
    op.drop_table("refused_events")
