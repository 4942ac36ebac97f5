"""The OpenAPI document and the page for people."""

import json
import re

import pytest

from api.openapi import COMMITTED_FILE, document_text
from tests.support.api import DASHBOARD
from tests.support.marts import CREATED, DEPOSIT, TX_HASH, address, paid_session, transfer


def test_the_committed_document_is_the_one_served(open_client):
    assert COMMITTED_FILE.read_text(encoding="utf-8") == document_text(), "run: python -m api.openapi"
    assert open_client().get("/openapi.json").json() == json.loads(document_text())


def test_r5_the_document_knows_only_the_documented_statuses():
    document = json.loads(document_text())
    statuses = {
        status
        for path, operations in document["paths"].items()
        if path.startswith("/api/")
        for operation in operations.values()
        for status in operation["responses"]
    }
    assert statuses <= {"200", "201", "400", "401", "403", "404", "429", "500"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_r6_every_success_is_200():
    # 201 is for the creation of withdrawals alone, of which there is none yet.
    document = json.loads(document_text())
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert {status for operation in operations for status in operation["responses"] if status < "400"} == {"200"}


def test_r18_a_session_has_one_of_four_statuses_and_what_is_unusual_stands_apart():
    schemas = json.loads(document_text())["components"]["schemas"]
    for name in ("Session", "SessionDetail"):
        properties = schemas[name]["properties"]
        assert properties["status"]["enum"] == ["pending", "paid", "failed", "expired"]
        unusual, nothing = properties["exception"]["anyOf"]
        assert (unusual["enum"], nothing) == (["late", "underpaid", "overpaid", "multiple"], {"type": "null"})
    for name in ("RecentSession", "AddressSession", "RelatedSession"):
        assert schemas[name]["properties"]["status"]["enum"] == ["pending", "paid", "failed", "expired"]
        assert "exception" not in schemas[name]["properties"]


def test_either_key_header_is_enough_in_the_document():
    operation = json.loads(document_text())["paths"]["/api/v1/dashboard/sessions"]["get"]
    assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}]
    assert operation["operationId"] == "list_sessions"
    names = [parameter["name"] for parameter in operation["parameters"]]
    assert names == [
        "page", "limit", "status", "network", "currency", "start_date", "end_date", "search", "sort_by", "sort_order",
    ]  # fmt: skip


def test_r8_every_query_parameter_may_be_empty_in_the_document():
    for operations in json.loads(document_text())["paths"].values():
        for parameter in operations["get"].get("parameters", []):
            assert parameter.get("allowEmptyValue", False) is (parameter["in"] == "query"), parameter["name"]


def test_r12_an_amount_is_digits_in_the_document_as_in_the_parser(open_client):
    parameters = json.loads(document_text())["paths"][f"{DASHBOARD}/transactions"]["get"]["parameters"]
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters}
    client = open_client()
    for text, is_amount in (("0.00000001", True), ("9" * 20, True), ("1e-8", False), ("-1", False), ("1.", False)):
        for name in ("min_amount", "max_amount"):
            assert bool(re.search(schemas[name]["pattern"], text)) is is_amount
            answer = client.get(f"{DASHBOARD}/transactions", params={name: text})
            assert answer.status_code == (200 if is_amount else 400)


def test_the_headers_of_every_answer_are_required_in_the_document():
    document = json.loads(document_text())
    assert all(header["required"] for header in document["components"]["headers"].values())
    for operations in document["paths"].values():
        for status, response in operations["get"]["responses"].items():
            assert ("Retry-After" in response["headers"]) is (status == "429")


def test_a_link_leads_from_a_value_of_an_answer_to_what_it_names(open_client):
    session_id, owned = "00000000-0000-4000-8000-000000000001", {"deposit_address": DEPOSIT}
    moved = {"first_transfer_at": transfer(1)["block_time"], "last_transfer_at": transfer(1)["block_time"]}
    client = open_client(
        sessions=[paid_session(session_id)],
        addresses=[address(42, session_ids=[session_id], first_session_at=CREATED, last_session_at=CREATED, **moved)],
        transactions=[transfer(1, session_id=session_id, **owned)],
    )
    asked = {"session_id": session_id, "address_id": "42", "tx_hash": TX_HASH}
    document = json.loads(document_text())
    path_of = {operations["get"]["operationId"]: path for path, operations in document["paths"].items()}
    followed = 0
    for path, operations in document["paths"].items():
        for target, link in operations["get"]["responses"]["200"].get("links", {}).items():
            ((parameter, expression),) = link["parameters"].items()
            value = client.get(path.format(**asked)).json()
            for step in expression.removeprefix("$response.body#/").split("/"):
                value = value[int(step) if isinstance(value, list) else step]
            assert str(value) == asked[parameter]
            assert client.get(path_of[target].format(**{parameter: value})).status_code == 200
            followed += 1
    assert followed == 9


def test_the_page_lists_every_route_and_loads_nothing(open_client):
    answer = open_client().get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    for path in json.loads(document_text())["paths"]:
        assert f"GET {path}" in answer.text
    for word in ("<script", "http://", "https://", "src="):
        assert word not in answer.text


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/health", "/ready"])
def test_r5_head_is_404_in_the_envelope_where_get_is_200(open_client, path):
    client = open_client()
    head, unknown = client.head(path), client.get(f"{DASHBOARD}/nowhere")
    assert (head.status_code, head.headers["content-type"]) == (404, "application/json")
    assert head.headers["content-length"] == unknown.headers["content-length"]  # of the envelope; HEAD has no body
    assert client.get(path).status_code == 200
