"""A `paylake` whose API has three faults, for the test that must see them: `python -m tests.support.faulty_api serve`.

Belongs here: the faults. Does not: how they are seen.
"""

from __future__ import annotations

from starlette.responses import Response

from api import errors
from api.answers import Schema, answer
from api.overview import endpoints, queries
from pipelines.cli import main


def _without_a_key(data: Schema) -> Response:
    whole = bytes(answer(data).body)
    return Response(whole.replace(b'"pending_withdrawals":', b'"withdrawals":'), media_type="application/json")


def _plant() -> None:
    everybodys = queries.RECENT_SESSIONS.replace("s.merchant_id = $merchant_id", "$merchant_id <> ''")
    for module, name, faulty in (
        (endpoints, "answer", _without_a_key),
        (errors.InvalidParameter, "status", 422),
        (queries, "RECENT_SESSIONS", everybodys),
    ):
        setattr(module, name, faulty)


# Not under the condition below: the server's workers import this module under another name.
_plant()

if __name__ == "__main__":
    main()
