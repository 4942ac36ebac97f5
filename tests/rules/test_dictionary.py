"""dbt_like_sql/README.md says what contracts and models say today."""

from pathlib import Path

from warehouse.contracts import tables
from warehouse.dictionary import dictionary, main
from warehouse.sql_models import models, sql_folder


def test_the_dictionary_is_up_to_date() -> None:
    written = (sql_folder() / "README.md").read_text(encoding="utf-8")
    assert written == dictionary(), "run: python -m warehouse.dictionary"


def test_the_dictionary_names_every_table_and_model_once() -> None:
    headings = [line.removeprefix("### ") for line in dictionary().splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(tables().keys() | {model.name for model in models()})


def test_the_command_writes_the_dictionary(tmp_path: Path) -> None:
    main(tmp_path / "README.md")
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == dictionary()
