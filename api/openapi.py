"""`python -m api.openapi`: write the committed OpenAPI document.

Belongs here: the command. Does not belong here: the document (`documentation.py`). A test fails when the file is stale.
"""

import json
from pathlib import Path

from api.app import bare_app
from api.documentation import openapi_document

COMMITTED_FILE = Path(__file__).with_name("openapi.json")


def document_text() -> str:
    """The document as it is committed."""
    return json.dumps(openapi_document(bare_app()), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    COMMITTED_FILE.write_text(document_text(), encoding="utf-8")
