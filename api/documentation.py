"""`/openapi.json` and `/docs`: the contract, for programs and for people.

Belongs here: the document, what every route has in common, which answer leads to which route, and a page that needs no
other server. Does not belong here: single routes (their schemas say what they are). `python -m api.openapi` writes the
committed copy.
"""

import functools
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from api.answers import encode

_TITLE = "Paylake dashboard API"
_DESCRIPTION = (
    "What a merchant sees of its crypto payments. Every request needs a key in X-API-Key or as a bearer token; the key "
    "decides merchant and mode. Every answer is {success, data} or {success, error}."
)

_HEADERS = {
    "X-Request-Id": "Names this request in the logs.",
    "X-Mode": "live or test, from the key; empty without one.",
    "X-Data-As-Of": "UTC time up to which chain and gateway data is included; empty before the first publish.",
    "X-RateLimit-Limit": "Requests allowed in the window of the bucket just used.",
    "X-RateLimit-Remaining": "Requests left in it.",
    "X-RateLimit-Reset": "Epoch seconds at which its oldest request leaves it.",
}

_RETRY_AFTER = "Seconds until the bucket has room for another request."

# Operation → operation that one of its values is for: the parameter, and where in the answer its value stands.
_LINKS = {
    "list_sessions": {"get_session": ("session_id", "sessions/0/session_id")},
    "get_session": {
        "get_address": ("address_id", "payment_details/deposit_address_id"),
        "get_transaction": ("tx_hash", "transfers/0/tx_hash"),
    },
    "list_addresses": {"get_address": ("address_id", "addresses/0/id")},
    "get_address": {
        "get_session": ("session_id", "sessions/0/session_id"),
        "get_transaction": ("tx_hash", "blockchain_transactions/0/tx_hash"),
    },
    "list_transactions": {"get_transaction": ("tx_hash", "transactions/0/tx_hash")},
    "get_transaction": {"get_session": ("session_id", "related_session/session_id")},
    "get_overview": {"get_session": ("session_id", "recent_sessions/0/session_id")},
}

_ERRORS = {
    "400": "A parameter or the request is not acceptable (INVALID_PARAMETER).",
    "401": "No usable key (UNAUTHORIZED).",
    "403": "The key lacks a scope, or the merchant is suspended (FORBIDDEN).",
    "404": "No such thing for this merchant and mode (NOT_FOUND).",
    "429": "Too many requests; Retry-After says when to come back (RATE_LIMIT_EXCEEDED).",
    "500": "Something failed inside (SERVER_ERROR).",
}
_PROBE_ERRORS = {"503": "Nothing has been published yet; /ready only (SERVER_ERROR)."}

_ERROR_SCHEMA = {
    "type": "object",
    "required": ["success", "error"],
    "properties": {
        "success": {"type": "boolean", "const": False},
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {
                    "type": "string",
                    "enum": [
                        "UNAUTHORIZED",
                        "FORBIDDEN",
                        "NOT_FOUND",
                        "INVALID_PARAMETER",
                        "INSUFFICIENT_BALANCE",
                        "RATE_LIMIT_EXCEEDED",
                        "SERVER_ERROR",
                    ],
                },
                "message": {"type": "string"},
                "details": {"type": "object"},
            },
        },
    },
}

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "h2{border-top:1px solid #d0d7de;padding-top:1rem}code{background:#f0f3f6;padding:.1rem .3rem;border-radius:4px}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .5rem;"
    "border-bottom:1px solid #d0d7de}"
)


def install_documentation(app: FastAPI) -> None:
    """Serve both; the document is made when it is first asked for, and kept."""
    document = functools.cache(lambda: openapi_document(app))

    def get_openapi_json(_request: Request) -> Response:
        return Response(encode(document()), media_type="application/json")

    def get_docs(_request: Request) -> Response:
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        return HTMLResponse(docs_page(document()), headers={"Content-Security-Policy": policy})

    app.add_route("/openapi.json", get_openapi_json, methods=["GET"], include_in_schema=False)
    app.add_route("/docs", get_docs, methods=["GET"], include_in_schema=False)
    for route in app.routes:  # Starlette adds HEAD to GET; the contract knows no HEAD anywhere
        if isinstance(route, Route) and route.methods:
            route.methods.discard("HEAD")


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document with what it cannot know: our errors, headers, and that both key headers will do."""
    document = get_openapi(title=_TITLE, version="1", description=_DESCRIPTION, routes=app.routes)
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Error"] = _ERROR_SCHEMA
    document["components"]["headers"] = {
        name: {"description": text, "required": True, "schema": {"type": "string"}} for name, text in _HEADERS.items()
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(operation, is_probe="security" not in operation, path=path)
    return document


def _complete(operation: dict[str, Any], *, is_probe: bool, path: str) -> None:
    operation["operationId"] = operation["operationId"].split("_api_v1_")[0].removesuffix(f"_{path.strip('/')}_get")
    if not is_probe:
        # FastAPI lists the schemes as "both needed"; either one is.
        operation["security"] = [{"ApiKey": []}, {"Bearer": []}]
    responses = operation["responses"]
    responses.pop("422", None)
    for status, text in (_PROBE_ERRORS if is_probe else _ERRORS).items():
        schema = {"$ref": "#/components/schemas/Error"}
        responses[status] = {"description": text, "content": {"application/json": {"schema": schema}}}
    for response in responses.values():
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
    if "429" in responses:
        retry_after = {"description": _RETRY_AFTER, "required": True, "schema": {"type": "integer", "minimum": 1}}
        responses["429"]["headers"]["Retry-After"] = retry_after
    links = {
        target: {"operationId": target, "parameters": {parameter: f"$response.body#/data/{place}"}}
        for target, (parameter, place) in _LINKS.get(operation["operationId"], {}).items()
    }
    if links:
        responses["200"]["links"] = links


def docs_page(document: dict[str, Any]) -> str:
    """The document as one plain page: no script, nothing loaded from anywhere."""
    info = document["info"]
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>",
        f"<style>{_STYLE}</style><h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>",
        "<p>The whole contract for programs: <a href=/openapi.json>/openapi.json</a>.</p>",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append(_docs_of(path, method, operation))
    return "".join(parts) + "</html>"


def _docs_of(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(parameter['name'])}</code><td>{escape(_values(parameter['schema']))}"
        f"<td>{escape(parameter.get('description', ''))}"
        for parameter in operation.get("parameters", [])
    ]
    table = f"<table><tr><th>Parameter<th>Values<th>Meaning{''.join(rows)}</table>" if rows else ""
    answers = "".join(
        f"<tr><td>{escape(status)}<td>{escape(response['description'])}"
        for status, response in operation["responses"].items()
    )
    return (
        f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('description', operation.get('summary', '')))}</p>{table}"
        f"<table><tr><th>Status<th>Meaning{answers}</table>"
    )


def _values(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    return schema.get("type", "")
