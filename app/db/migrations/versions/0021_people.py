"""People: accounts, sessions, keys, grants, restrictions, audit; owners of bases and conversations.

What is there belongs to one account, `owner`, which the first administrator takes over.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels = None
depends_on = None

AUTO_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers INTEGER keys only
TIME = sa.DateTime(timezone=True)
OWNER_ID = "owner"
TABLES = (
    "audit_entry",
    "people_group",
    "person",
    "sign_in_attempt",
    "usage_day",
    "api_key",
    "group_member",
    "login_session",
    "person_identity",
    "sign_in_link",
    "base_grant",
    "path_restriction",
    "restriction_member",
)


def upgrade() -> None:
    create_tables()
    person = sa.table(
        "person",
        *map(sa.column, ("id", "name", "display_name", "email", "admin", "state", "password_hash")),
        sa.column("created_at", TIME),
    )
    op.execute(
        sa.insert(person).values(
            id=OWNER_ID,
            name=OWNER_ID,
            display_name="",
            email="",
            admin=True,
            state="active",
            password_hash="",
            created_at=datetime.now(UTC),
        )
    )
    for name in ("conversation", "knowledge_base"):
        with op.batch_alter_table(name) as table:
            table.add_column(
                sa.Column("owner_id", sa.String(), nullable=False, server_default=OWNER_ID)
            )
        with op.batch_alter_table(name) as table:
            table.alter_column("owner_id", server_default=None)
            table.create_foreign_key(f"fk_{name}_owner_id", "person", ["owner_id"], ["id"])
            if name == "knowledge_base":
                table.drop_constraint("uq_knowledge_base_name", type_="unique")
                table.create_unique_constraint(
                    "uq_knowledge_base_owner_id_name", ["owner_id", "name"]
                )
    op.create_index("ix_conversation_owner_id", "conversation", ["owner_id"])


def downgrade() -> None:
    """Bases of one name get their owner's id behind it."""
    base = sa.table("knowledge_base", *map(sa.column, ("id", "name", "owner_id")))
    same = sa.select(base.c.name).group_by(base.c.name).having(sa.func.count() > 1)
    op.execute(
        sa.update(base)
        .where(base.c.name.in_(same), base.c.owner_id != OWNER_ID)
        .values(name=base.c.name + " " + base.c.owner_id)
    )
    op.drop_index("ix_conversation_owner_id", table_name="conversation")
    for name in ("conversation", "knowledge_base"):
        with op.batch_alter_table(name) as table:
            table.drop_constraint(f"fk_{name}_owner_id", type_="foreignkey")
            if name == "knowledge_base":
                table.drop_constraint("uq_knowledge_base_owner_id_name", type_="unique")
                table.create_unique_constraint("uq_knowledge_base_name", ["name"])
            table.drop_column("owner_id")
    for name in reversed(TABLES):
        op.drop_table(name)


def create_tables() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", AUTO_ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entry_action", "audit_entry", ["action"])
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.create_index("ix_audit_entry_person_id", "audit_entry", ["person_id"])
    op.create_table(
        "people_group",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people_group"),
        sa.UniqueConstraint("name", name="uq_people_group_name"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("name", name="uq_person_name"),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("code_verifier", sa.String(), nullable=False),
        sa.Column("next_path", sa.String(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_sign_in_attempt"),
    )
    op.create_table(
        "usage_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "person_id", "key_id", name="pk_usage_day"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("base_ids", sa.JSON(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("revoked_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_api_key_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("person_id", "name", name="uq_api_key_person_id_name"),
        sa.UniqueConstraint("token_hash", name="uq_api_key_token_hash"),
    )
    op.create_index("ix_api_key_person_id", "api_key", ["person_id"])
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["people_group.id"], name="fk_group_member_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_group_member_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "person_id", name="pk_group_member"),
    )
    op.create_index("ix_group_member_person_id", "group_member", ["person_id"])
    op.create_table(
        "login_session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=True),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("rotated_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_login_session_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_login_session"),
        sa.UniqueConstraint("token_hash", name="uq_login_session_token_hash"),
    )
    op.create_index("ix_login_session_person_id", "login_session", ["person_id"])
    op.create_index("ix_login_session_previous_hash", "login_session", ["previous_hash"])
    op.create_table(
        "person_identity",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_person_identity_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_person_identity"),
    )
    op.create_index("ix_person_identity_person_id", "person_identity", ["person_id"])
    op.create_table(
        "sign_in_link",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_sign_in_link_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_in_link"),
    )
    op.create_index("ix_sign_in_link_person_id", "sign_in_link", ["person_id"])
    op.create_table(
        "base_grant",
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["knowledge_base.id"], name="fk_base_grant_base_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("base_id", "subject_kind", "subject_id", name="pk_base_grant"),
    )
    op.create_index(
        "ix_base_grant_subject_kind_subject_id", "base_grant", ["subject_kind", "subject_id"]
    )
    op.create_table(
        "path_restriction",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("base_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"],
            ["knowledge_base.id"],
            name="fk_path_restriction_base_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_path_restriction"),
        sa.UniqueConstraint("base_id", "path", name="uq_path_restriction_base_id_path"),
    )
    op.create_table(
        "restriction_member",
        sa.Column("restriction_id", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["restriction_id"],
            ["path_restriction.id"],
            name="fk_restriction_member_restriction_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "restriction_id", "subject_kind", "subject_id", name="pk_restriction_member"
        ),
    )
