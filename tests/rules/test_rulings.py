"""Every ruling that the product follows so far is named by a test."""

from __future__ import annotations

import ast
import re

from tests.rules.test_architecture import functions, python_files

# Those of other issues join when their endpoints do: R28, R32 to R39, R41 to R46.
RULINGS = {f"R{number}" for number in (*range(1, 28), 29, 30, 31, 40)} | {"R11a", "R11b", "R19a", "R25a"}
IN_A_NAME = re.compile(r"r\d+[ab]?")
IN_A_SENTENCE = re.compile(r"\bR\d+[ab]?\b")


def named_rulings() -> dict[str, list[str]]:
    """Ruling → tests that name it: `test_r19a_…`, `test_r3_r4_…`, or in their docstring."""
    named: dict[str, list[str]] = {}
    for path in python_files("tests"):
        for function in functions(path):
            if not function.name.startswith("test_"):
                continue
            rulings = set(IN_A_SENTENCE.findall(ast.get_docstring(function) or ""))
            for word in function.name.split("_")[1:]:
                if not IN_A_NAME.fullmatch(word):
                    break
                rulings.add(word.capitalize())
            for ruling in rulings:
                named.setdefault(ruling, []).append(f"{path.name}::{function.name}")
    return named


def test_no_ruling_is_without_a_test() -> None:
    assert RULINGS - set(named_rulings()) == set()
