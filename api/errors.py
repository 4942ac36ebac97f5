"""Every error a caller can see, and the one envelope they all come in.

Belongs here: classes with a status and a code, and the handlers that turn any failure into an answer. Does not belong
here: what went wrong inside (that is logged, never shown).

    ApiError
    ├── InvalidParameter   400  INVALID_PARAMETER   details.parameter and what would be allowed
    ├── InvalidRequest     400  INVALID_PARAMETER   the request as a whole: its body, its size, its encoding
    ├── Unauthorized       401  UNAUTHORIZED
    ├── Forbidden          403  FORBIDDEN
    ├── NotFound           404  NOT_FOUND
    ├── RateLimitExceeded  429  RATE_LIMIT_EXCEEDED details.retry_after in seconds
    ├── ServerError        500  SERVER_ERROR
    └── NotReady           503  SERVER_ERROR        /ready only
"""

from typing import Any, ClassVar, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.answers import encode


class ApiError(Exception):
    """Base of all. The message is one sentence for a person and repeats nothing that was sent.

    Attributes:
        details: named values for a program; always an object in the answer.
        headers: extra headers of the answer.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, message: str, *, headers: dict[str, str] | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.headers = headers or {}


class InvalidParameter(ApiError):
    """One parameter is not acceptable; `details` name it and say what is."""

    status = 400
    code = "INVALID_PARAMETER"

    def __init__(self, parameter: str, message: str, **details: Any) -> None:
        super().__init__(message, parameter=parameter, **details)


class InvalidRequest(ApiError):
    """The request as a whole is not acceptable."""

    status = 400
    code = "INVALID_PARAMETER"


class Unauthorized(ApiError):
    """No usable key; the same answer whatever is wrong with it."""

    status = 401
    code = "UNAUTHORIZED"

    def __init__(self) -> None:
        super().__init__("Invalid or missing API key", headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ApiError):
    """The key is good, the action is not allowed: a scope is missing, or the merchant is suspended."""

    status = 403
    code = "FORBIDDEN"


class NotFound(ApiError):
    """No such thing for this merchant and mode, whether or not another merchant has it."""

    status = 404
    code = "NOT_FOUND"

    def __init__(self, what: str = "Resource") -> None:
        super().__init__(f"{what} not found")


class RateLimitExceeded(ApiError):
    """Too many requests; try again after so many seconds."""

    status = 429
    code = "RATE_LIMIT_EXCEEDED"

    def __init__(self, retry_after_seconds: int) -> None:
        headers = {"Retry-After": str(retry_after_seconds)}
        super().__init__("Too many requests", headers=headers, retry_after=retry_after_seconds)


class ServerError(ApiError):
    """Something failed inside; the log has it under the request's id."""

    status = 500
    code = "SERVER_ERROR"

    def __init__(self) -> None:
        super().__init__("Internal server error")


class NotReady(ApiError):
    """Nothing has been published yet."""

    status = 503
    code = "SERVER_ERROR"

    def __init__(self) -> None:
        super().__init__("Nothing has been published yet", reason="not_published")


def error_response(error: ApiError) -> Response:
    """The envelope of an error."""
    body = {"success": False, "error": {"code": error.code, "message": error.message, "details": error.details}}
    return Response(encode(body), error.status, media_type="application/json", headers=error.headers)


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure of routing, validation and handlers leave in the envelope."""

    def on_api_error(_request: Request, error: Exception) -> Response:
        return error_response(cast(ApiError, error))

    def on_validation_error(_request: Request, error: Exception) -> Response:
        return error_response(_from_validation(cast(RequestValidationError, error)))

    def on_http_error(_request: Request, error: Exception) -> Response:
        # Raised by the router only: 404 for an unknown route, 405 for a wrong method. Both are 404 here (R5).
        is_unknown = cast(HTTPException, error).status_code in (404, 405)
        return error_response(NotFound() if is_unknown else InvalidRequest("Invalid request"))

    app.add_exception_handler(ApiError, on_api_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_error)


def _from_validation(error: RequestValidationError) -> ApiError:
    """Name the first parameter that failed; pydantic's own text may repeat the input, so it is not used."""
    for problem in error.errors():
        names = [str(part) for part in problem["loc"][1:]]
        if names:
            return InvalidParameter(".".join(names), f"Invalid {names[-1]} specified")
    return InvalidRequest("Invalid request")
