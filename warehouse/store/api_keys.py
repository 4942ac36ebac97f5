"""API keys: made, found, listed, revoked.

Belongs here: the only place that sees a key's text. Does not belong here: headers and scopes of a request
(`api/auth.py`). A key is 256 random bits; its SHA-256 digest and 8 characters for display are all that is kept.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from warehouse.domain.networks import MODES, Mode
from warehouse.errors import PaylakeError
from warehouse.store.connection import Store
from warehouse.store.schema import api_keys, merchants

SCOPES = ("read", "withdrawals:write", "webhooks:write", "exports:write")

_RANDOM_BYTES = 32
_MERCHANT_ID_LENGTH_MAX = 128
# A real key has 51 characters; anything much longer is not worth hashing.
_KEY_LENGTH_MAX = 256


class InvalidKeyRequest(PaylakeError):
    """A key cannot be made as asked: the mode, a scope or the merchant id is not acceptable."""

    code = "INVALID_KEY_REQUEST"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key, without its text.

    Attributes:
        display_prefix: the first 8 random characters, to tell keys apart.
        merchant_status: `active` or `suspended`; active for a merchant the feed has not named yet.
    """

    key_id: int
    merchant_id: str
    mode: Mode
    display_prefix: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None
    merchant_status: str


def create_key(
    store: Store, merchant_id: str, mode: str, scopes: Iterable[str] = SCOPES, *, now: datetime | None = None
) -> tuple[str, ApiKey]:
    """Make a key for a merchant; any merchant id is accepted.

    Returns:
        The key's text, which is never available again, and its row.

    Raises:
        InvalidKeyRequest: the mode, a scope or the merchant id is not acceptable.
    """
    chosen = frozenset(scopes)
    _check_request(merchant_id, mode, chosen)
    random_part = secrets.token_urlsafe(_RANDOM_BYTES)
    text = f"{mode}_sk_{random_part}"
    digest = _digest(text)
    with store.begin() as connection:
        connection.execute(
            sa.insert(api_keys).values(
                merchant_id=merchant_id,
                mode=mode,
                key_sha256=digest,
                display_prefix=random_part[:8],
                scopes=" ".join(scope for scope in SCOPES if scope in chosen),
                created_at=now or datetime.now(UTC),
            )
        )
        row = connection.execute(_SELECT_KEYS.where(api_keys.c.key_sha256 == digest)).one()
    return text, _as_key(row)


def list_keys(store: Store, merchant_id: str | None = None) -> list[ApiKey]:
    """Every key, or one merchant's, revoked ones too, in the order they were made."""
    statement = _SELECT_KEYS.order_by(api_keys.c.key_id)
    if merchant_id is not None:
        statement = statement.where(api_keys.c.merchant_id == merchant_id)
    with store.read() as connection:
        return [_as_key(row) for row in connection.execute(statement)]


def revoke_key(store: Store, key_id: int, *, now: datetime | None = None) -> bool:
    """Make a key unusable from now on. False if there is no such key or it was revoked before."""
    statement = (
        sa.update(api_keys)
        .where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=now or datetime.now(UTC))
    )
    with store.begin() as connection:
        return connection.execute(statement).rowcount == 1


def find_key(store: Store, key_text: str) -> ApiKey | None:
    """The usable key with this text, or None: unknown, malformed and revoked look the same."""
    if len(key_text) > _KEY_LENGTH_MAX:
        return None
    digest = _digest(key_text)
    with store.read() as connection:
        row = connection.execute(_FIND_KEY, {"digest": digest}).one_or_none()
    if row is None or not hmac.compare_digest(row.key_sha256, digest):
        return None
    return _as_key(row)


_SELECT_KEYS = sa.select(api_keys, sa.func.coalesce(merchants.c.status, "active").label("merchant_status")).select_from(
    api_keys.outerjoin(
        merchants, sa.and_(merchants.c.merchant_id == api_keys.c.merchant_id, merchants.c.mode == api_keys.c.mode)
    )
)

_FIND_KEY = _SELECT_KEYS.where(api_keys.c.key_sha256 == sa.bindparam("digest"), api_keys.c.revoked_at.is_(None))


def _digest(key_text: str) -> bytes:
    # A plain digest is enough for 256 random bits; a slow password hash would let strangers burn the CPU.
    return hashlib.sha256(key_text.encode("utf-8", "surrogatepass")).digest()


def _check_request(merchant_id: str, mode: str, scopes: frozenset[str]) -> None:
    if mode not in MODES:
        raise InvalidKeyRequest(f"The mode of a key is live or test, not {mode!r}.")
    unknown = sorted(scopes.difference(SCOPES))
    if unknown:
        raise InvalidKeyRequest(f"Unknown scope {unknown[0]!r}.", hint="Scopes: " + ", ".join(SCOPES))
    if not scopes:
        raise InvalidKeyRequest("A key needs at least one scope.", hint="Scopes: " + ", ".join(SCOPES))
    if not merchant_id or len(merchant_id) > _MERCHANT_ID_LENGTH_MAX or not merchant_id.isprintable():
        raise InvalidKeyRequest(f"A merchant id is 1 to {_MERCHANT_ID_LENGTH_MAX} printable characters.")


def _as_key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        merchant_id=row.merchant_id,
        mode=row.mode,
        display_prefix=row.display_prefix,
        scopes=frozenset(row.scopes.split()),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        merchant_status=row.merchant_status,
    )
