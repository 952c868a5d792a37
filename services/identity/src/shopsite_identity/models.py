"""Tables of the identity service."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger as BigInt
from sqlalchemy import CheckConstraint, Column, Computed, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

ROLES = ("customer", "staff", "admin")
UNIQUE_EMAIL = "uq_accounts_email"
_SEARCHED = "coalesce(email, '') || ' ' || first_name || ' ' || last_name"


class Table(SQLModel, registry=registry()):
    """The base of this service's tables."""


class Account(Table, table=True):
    """Somebody who can sign in. An erased account keeps its id and nothing else.

    ``session_epoch`` is what tokens, sessions and reset links were made under: raising it ends them all, in one write.
    ``version`` grows with each change of the profile: an older copy never overwrites a newer one.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("role IN ('customer', 'staff', 'admin')", name="ck_accounts_role"),
        CheckConstraint("(email IS NULL) = (erased_at IS NOT NULL)", name="ck_accounts_erased"),
        # an erased account has no address, so the address is free again
        Index(UNIQUE_EMAIL, text("lower(email)"), unique=True),
        Index("ix_accounts_created_at", text("created_at DESC"), text("id DESC")),
        Index("ix_accounts_epoch_changed_at", "epoch_changed_at"),
        Index("ix_accounts_role", "role", postgresql_where=text("role <> 'customer'")),
        Index(
            "ix_accounts_search",
            "searched",
            postgresql_using="gin",
            postgresql_ops={"searched": "gin_trgm_ops"},
        ),
    )

    id: UUID = Field(primary_key=True)
    email: str | None = Field(default=None, max_length=254)
    first_name: str = Field(max_length=150)
    last_name: str = Field(max_length=150)
    phone_number: str | None = Field(default=None, max_length=16)
    date_of_birth: date | None = None
    role: str = Field(max_length=10)
    is_active: bool
    preferences: dict[str, bool] = Field(sa_column=Column(JSONB, nullable=False))
    password_hash: str | None = Field(default=None, max_length=255)
    session_epoch: int = 1
    epoch_changed_at: datetime | None = None
    version: int = 1
    last_login: datetime | None = None
    created_at: datetime
    updated_at: datetime
    erased_at: datetime | None = None
    searched: str = Field(sa_column=Column(Text, Computed(_SEARCHED, persisted=True)))


class TokenFamily(Table, table=True):
    """All refresh tokens that followed from one sign-in; they end together."""

    __tablename__ = "token_families"
    __table_args__ = (
        Index("ix_token_families_account_id", "account_id"),
        Index("ix_token_families_expires_at", "expires_at"),
    )

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.id")
    session_epoch: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class RefreshToken(Table, table=True):
    """One refresh token, known by its SHA-256 only. Whoever sets ``spent_at`` first has used it."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("ix_refresh_tokens_family_id", "family_id"),)

    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    family_id: UUID = Field(foreign_key="token_families.id", ondelete="CASCADE")
    issued_at: datetime
    spent_at: datetime | None = None


class AdminSession(Table, table=True):
    """A signed-in browser of staff or an admin, known by the SHA-256 of its cookie."""

    __tablename__ = "admin_sessions"
    __table_args__ = (
        Index("ix_admin_sessions_account_id", "account_id"),
        Index("ix_admin_sessions_expires_at", "expires_at"),
    )

    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account_id: UUID = Field(foreign_key="accounts.id")
    session_epoch: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class PasswordReset(Table, table=True):
    """A request for a new password. Its link is made when the mail is sent; only the hash stays here."""

    __tablename__ = "password_resets"
    __table_args__ = (
        Index("ix_password_resets_token_hash", "token_hash", unique=True),
        Index("ix_password_resets_account_id", "account_id"),
        Index("ix_password_resets_expires_at", "expires_at"),
    )

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.id")
    session_epoch: int
    token_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


class KnownAddress(Table, table=True):
    """From where somebody has signed in to an account: failures from elsewhere don't lock that address out."""

    __tablename__ = "known_addresses"
    __table_args__ = (Index("ix_known_addresses_seen_at", "seen_at"),)

    account_id: UUID = Field(foreign_key="accounts.id", primary_key=True)
    address_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    seen_at: datetime


class SigningKey(Table, table=True):
    """A key of access tokens: published, then signing, then retired until the last token under it has ended."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        CheckConstraint("state IN ('published', 'signing', 'retired')", name="ck_signing_keys_state"),
        Index("uq_signing_keys_signing", "state", unique=True, postgresql_where=text("state = 'signing'")),
    )

    id: str = Field(max_length=40, primary_key=True)
    state: str = Field(max_length=10)
    public_jwk: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    private_encrypted: str | None = Field(default=None, sa_column=Column(Text))
    published_at: datetime
    signing_since: datetime | None = None
    retired_at: datetime | None = None


class ProfileChange(Table, table=True):
    """A changed profile whose cached copy is still to be renewed, should the process die before it does so itself."""

    __tablename__ = "profile_changes"

    id: int | None = Field(
        default=None, sa_column=Column(BigInt, Identity(always=True), primary_key=True, nullable=False)
    )
    account_id: UUID


class AuditEntry(Table, table=True):
    """What staff or an admin did, in whatever service."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_at", text("at DESC"), text("id DESC")),
        Index("ix_audit_entries_actor_id_at", "actor_id", text("at DESC")),
        Index("ix_audit_entries_action_at", "action", text("at DESC")),
        Index("ix_audit_entries_object_id_at", "object_id", text("at DESC")),
    )

    id: UUID = Field(primary_key=True)
    service: str = Field(max_length=20)
    actor_id: UUID
    action: str = Field(max_length=100)
    object_type: str = Field(max_length=50)
    object_id: str = Field(max_length=100)
    at: datetime
    changes: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


METADATA = (Table.metadata,)
EXTENSIONS = ("pg_trgm",)
