"""Accounts, what they sign in with, signing keys, the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shopsite_common.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_messaging_tables()
    _create_accounts()
    _create_tokens()
    _create_sessions_and_resets()
    _create_keys()
    op.create_table(
        "profile_changes",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("account_id", sa.Uuid, nullable=False),
    )
    _create_audit()


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("email", sa.String(254)),
        sa.Column("first_name", sa.String(150), nullable=False),
        sa.Column("last_name", sa.String(150), nullable=False),
        sa.Column("phone_number", sa.String(16)),
        sa.Column("date_of_birth", sa.Date),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("preferences", JSONB, nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("session_epoch", sa.Integer, nullable=False),
        sa.Column("epoch_changed_at", _MOMENT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("last_login", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("erased_at", _MOMENT),
        sa.CheckConstraint("role IN ('customer', 'staff', 'admin')", name="ck_accounts_role"),
        sa.CheckConstraint("(email IS NULL) = (erased_at IS NOT NULL)", name="ck_accounts_erased"),
    )
    op.create_index("uq_accounts_email", "accounts", [sa.text("lower(email)")], unique=True)
    op.create_index("ix_accounts_created_at", "accounts", [sa.text("created_at DESC"), sa.text("id DESC")])
    op.create_index("ix_accounts_epoch_changed_at", "accounts", ["epoch_changed_at"])
    op.create_index("ix_accounts_role", "accounts", ["role"], postgresql_where=sa.text("role <> 'customer'"))
    searched = sa.text("(coalesce(email, '') || ' ' || first_name || ' ' || last_name) gin_trgm_ops")
    op.create_index("ix_accounts_search", "accounts", [searched], postgresql_using="gin")


def _create_tokens() -> None:
    op.create_table(
        "token_families",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("session_epoch", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
    )
    op.create_index("ix_token_families_account_id", "token_families", ["account_id"])
    op.create_index("ix_token_families_expires_at", "token_families", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("family_id", sa.Uuid, sa.ForeignKey("token_families.id", ondelete="CASCADE"), nullable=False),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.Column("spent_at", _MOMENT),
    )
    op.create_index("ix_refresh_tokens_family_id", "refresh_tokens", ["family_id"])


def _create_sessions_and_resets() -> None:
    op.create_table(
        "admin_sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("session_epoch", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_admin_sessions_account_id", "admin_sessions", ["account_id"])
    op.create_index("ix_admin_sessions_expires_at", "admin_sessions", ["expires_at"])
    op.create_table(
        "password_resets",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("session_epoch", sa.Integer, nullable=False),
        sa.Column("token_hash", sa.LargeBinary),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT),
    )
    op.create_index("ix_password_resets_token_hash", "password_resets", ["token_hash"], unique=True)
    op.create_index("ix_password_resets_account_id", "password_resets", ["account_id"])
    op.create_index("ix_password_resets_expires_at", "password_resets", ["expires_at"])
    op.create_table(
        "known_addresses",
        sa.Column("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("address_hash", sa.LargeBinary, primary_key=True),
        sa.Column("seen_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_known_addresses_seen_at", "known_addresses", ["seen_at"])


def _create_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("public_jwk", JSONB, nullable=False),
        sa.Column("private_encrypted", sa.Text),
        sa.Column("published_at", _MOMENT, nullable=False),
        sa.Column("signing_since", _MOMENT),
        sa.Column("retired_at", _MOMENT),
        sa.CheckConstraint("state IN ('published', 'signing', 'retired')", name="ck_signing_keys_state"),
    )
    op.create_index(
        "uq_signing_keys_signing",
        "signing_keys",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state = 'signing'"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("service", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.Uuid, nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("object_type", sa.String(50), nullable=False),
        sa.Column("object_id", sa.String(100), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("changes", JSONB, nullable=False),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", [sa.text("at DESC"), sa.text("id DESC")])
    op.create_index("ix_audit_entries_actor_id_at", "audit_entries", ["actor_id", sa.text("at DESC")])
    op.create_index("ix_audit_entries_action_at", "audit_entries", ["action", sa.text("at DESC")])
    op.create_index("ix_audit_entries_object_id_at", "audit_entries", ["object_id", sa.text("at DESC")])
