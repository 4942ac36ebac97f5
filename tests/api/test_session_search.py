"""What a search text finds: letters whatever their case, no wildcards, also when sent unescaped."""

import json

import anyio
import pytest

from tests.support.api import DASHBOARD
from tests.support.marts import session

LIST = f"{DASHBOARD}/sessions"


def found(client, text: str) -> list[str]:
    answer = client.get(LIST, params={"search": text, "sort_order": "asc"})
    return [item["session_id"] for item in answer.json()["data"]["sessions"]]


@pytest.mark.parametrize("column", ["reference", "customer_email", "customer_name"])
@pytest.mark.parametrize(
    ("stored", "searched"),
    [
        ("ΟΔΟΣ", "οδος"),
        ("ΟΔΟΣ", "οδοσ"),
        ("οδος", "ΟΔΟΣ"),
        ("οδος", "οδοσ"),
        ("ΟΔΟΣ 7", "οδος"),
        ("İstanbul", "i\u0307stanbul"),
        ("İstanbul", "istanbul"),
        ("İstanbul", "ISTANBUL"),
        ("istanbul", "İSTANBUL"),
        ("i\u0307stanbul", "İstanbul"),
        ("Müller", "MÜLLER"),
        ("100%_off", "%_"),
    ],
)
def test_r22_letters_are_found_whatever_their_case(open_client, column, stored, searched):
    client = open_client(sessions=[session("s1", **{column: f"<{stored}>"}), session("s2")])
    assert found(client, searched) == ["s1"]


@pytest.mark.parametrize(("text", "ids"), [("%", ["percent"]), ("_", ["underscore"]), ("a_c", []), ("a%c", [])])
def test_r22_wildcards_of_sql_stand_for_themselves(open_client, text, ids):
    nobody = {"customer_email": None, "customer_name": None}
    rows = {"plain": "abc", "percent": "5%", "underscore": "x_y"}
    client = open_client(sessions=[session(key, reference=value, **nobody) for key, value in rows.items()])
    assert found(client, text) == ids


def test_raw_utf8_in_the_query_string_finds_what_its_escaped_form_finds(open_client):
    client = open_client(sessions=[session("s1", customer_name="Jörg Müller"), session("s2")])
    raw = ask_with_raw_query(client, "search=Müller".encode())
    assert [item["session_id"] for item in raw["data"]["sessions"]] == ["s1"]
    assert raw == ask_with_raw_query(client, b"search=M%C3%BCller")
    assert found(client, "Müller") == ["s1"]


def ask_with_raw_query(client, query: bytes):
    """The body of a list whose query string no client has touched."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": LIST,
        "raw_path": LIST.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"x"), (b"x-api-key", client.headers["X-API-Key"].encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    body = b""

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        nonlocal body
        body += message.get("body", b"")

    anyio.run(client.app, scope, receive, send)
    return json.loads(body)
