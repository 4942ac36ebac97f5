"""The one list of columns: a table's name, meaning, types, units, layout.

One module a table, `<schema>/<stem>.py`, each exporting `TABLE`. The lake's DDL and comments, the validation of what is
appended, the check of every SQL model and the dictionary of tables all derive from here. No SQL, no storage.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from warehouse.contracts.table import Table

SCHEMAS = ("raw", "state", "registry", "intermediate", "marts")
DERIVED_SCHEMAS = ("intermediate", "marts")


@cache
def tables() -> dict[str, Table]:
    """Return every contract by its full name (`marts.sessions`), in schema order, then by stem."""
    found: dict[str, Table] = {}
    for schema in SCHEMAS:
        package = importlib.import_module(f"{__name__}.{schema}")
        for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
            table: Table = importlib.import_module(f"{package.__name__}.{module}").TABLE
            if table.name != f"{schema}.{module}":
                raise ValueError(f"{package.__name__}.{module} declares the table {table.name}")
            found[table.name] = table
    return found
