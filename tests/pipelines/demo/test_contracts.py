"""The compiled contracts are those of the sources beside them."""

import json
from hashlib import sha256
from pathlib import Path

from pipelines import demo

FOLDER = Path(demo.__file__).parent
SOURCES = sorted((FOLDER / "contracts").glob("*.sol"))
COMPILED = json.loads((FOLDER / "contracts.json").read_text())


def test_the_contracts_were_compiled_from_these_sources():
    digests = {source.name: sha256(source.read_bytes()).hexdigest() for source in SOURCES}
    assert COMPILED["source_sha256"] == digests, "run tools/compile_contracts.sh"


def test_each_source_has_its_contract_and_a_licence():
    assert set(COMPILED["creation_code"]) == {source.stem for source in SOURCES}
    assert all(source.read_text().startswith("// SPDX-License-Identifier: Apache-2.0\n") for source in SOURCES)


def test_the_compiler_is_the_one_that_the_tool_fetches_and_the_sources_ask_for():
    package = json.loads((FOLDER.parents[1] / "tools/contracts/package.json").read_text())
    version = package["dependencies"]["solc"]
    assert COMPILED["compiler"].startswith(f"solc {version}+")
    assert all(f"\npragma solidity {version};\n" in source.read_text() for source in SOURCES)
