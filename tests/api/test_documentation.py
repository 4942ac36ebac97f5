"""The OpenAPI document and the page for people."""

import json

import pytest

from api.openapi import COMMITTED_FILE, document_text
from tests.support.api import DASHBOARD


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


def test_either_key_header_is_enough_in_the_document():
    operation = json.loads(document_text())["paths"]["/api/v1/dashboard/sessions"]["get"]
    assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}]
    assert operation["operationId"] == "list_sessions"
    names = [parameter["name"] for parameter in operation["parameters"]]
    assert names == [
        "page", "limit", "status", "network", "currency", "start_date", "end_date", "search", "sort_by", "sort_order",
    ]  # fmt: skip


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
