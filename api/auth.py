"""Who is calling: keys, scopes, suspended merchants.

Belongs here: from headers to a `Caller`. Does not belong here: what keys are (`warehouse/store/api_keys.py`).
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.datastructures import Headers
from starlette.requests import Request

from api.deployment import Caller, Exchange
from api.errors import Forbidden, Unauthorized
from warehouse.store.api_keys import ApiKey, find_key
from warehouse.store.connection import Store

# For the OpenAPI document only: the middleware has checked the key before any endpoint runs.
_API_KEY = APIKeyHeader(
    name="X-API-Key", scheme_name="ApiKey", auto_error=False, description="`test_sk_…` or `live_sk_…`"
)
_BEARER = HTTPBearer(scheme_name="Bearer", auto_error=False, description="The same key as a bearer token.")


def presented_key(headers: Headers) -> str:
    """The one key that a request presents, in either header; an empty header counts as absent.

    Raises:
        Unauthorized: none, an `Authorization` that is no bearer token, or two different ones.
    """
    presented = {value.strip() for value in headers.getlist("x-api-key")}
    for value in headers.getlist("authorization"):
        scheme, _, token = value.strip().partition(" ")
        if not scheme:
            continue
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized
        presented.add(token.strip())
    presented.discard("")
    if len(presented) != 1:
        raise Unauthorized
    return presented.pop()


def authenticate(store: Store, headers: Headers) -> ApiKey:
    """The row of the presented key; its merchant may be suspended.

    Raises:
        Unauthorized: no usable key.
    """
    key = find_key(store, presented_key(headers))
    if key is None:
        raise Unauthorized
    return key


def refuse_suspended(key: ApiKey) -> None:
    """Stop a suspended merchant's key.

    Raises:
        Forbidden: the merchant is suspended.
    """
    if key.merchant_status == "suspended":
        raise Forbidden("The merchant account is suspended")


def caller_with(scope: str) -> Callable[..., Caller]:
    """A dependency: the caller, who must hold this scope."""

    def current_caller(
        request: Request,
        _api_key: Annotated[str | None, Security(_API_KEY)],
        _bearer: Annotated[object, Security(_BEARER)],
    ) -> Caller:
        caller = Exchange.of(request.scope).caller
        if caller is None:
            raise Unauthorized
        if scope not in caller.key.scopes:
            raise Forbidden("The API key lacks a scope", required_scope=scope)
        return caller

    return current_caller


Reading = Annotated[Caller, Depends(caller_with("read"))]
