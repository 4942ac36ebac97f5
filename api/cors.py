"""CORS with refusals in the API's own envelope.

Belongs here: how a refused preflight is answered. Does not belong here: which origins are allowed (settings).
"""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from api.errors import InvalidRequest, error_response


class Cors(CORSMiddleware):
    """Starlette's CORS; a preflight it refuses is a 400 like any other."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight request."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == 200:
            return answer
        refusal = error_response(InvalidRequest("The origin, the method or a header of this request is not allowed"))
        for name, value in answer.headers.items():
            if name == "vary" or name.startswith("access-control-"):
                refusal.headers[name] = value
        return refusal
