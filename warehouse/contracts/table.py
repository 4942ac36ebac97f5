"""The vocabulary contracts are written in: a `Table` and its kinds of column.

Belongs here: how a column's meaning becomes a polars type and a SQL type. Does not: any particular table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandera.polars as pa
import polars as pl

# polars type → SQL type and some value of it, as SQL.
_SQL_TYPES: dict[str, tuple[str, str]] = {
    "String": ("VARCHAR", "''"),
    "Int64": ("BIGINT", "0"),
    "Boolean": ("BOOLEAN", "false"),
    "Date": ("DATE", "DATE '2026-01-01'"),
    "Binary": ("BLOB", "''::BLOB"),
    "Datetime(time_unit='us', time_zone='UTC')": ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ '2026-01-01 00:00:00+00'"),
    "List(String)": ("VARCHAR[]", "[]"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its polars type, its meaning, its unit and whether it may be null."""

    dtype: pl.DataType
    description: str
    unit: str | None = None
    nullable: bool = False
    check: pa.Check | None = None

    @property
    def sql_type(self) -> str:
        """The DuckDB type this column has in the lake and in the published segments."""
        if isinstance(self.dtype, pl.Decimal):
            return f"DECIMAL({self.dtype.precision},{self.dtype.scale})"
        return _SQL_TYPES[str(self.dtype)][0]

    @property
    def some_value(self) -> str:
        """Some value of its type, as SQL."""
        return "0" if isinstance(self.dtype, pl.Decimal) else _SQL_TYPES[str(self.dtype)][1]

    @property
    def comment(self) -> str:
        """The description with its unit, as written into the catalog."""
        return f"{self.description} [{self.unit}]" if self.unit else self.description


def text(description: str, *, null: bool = False, one_of: tuple[str, ...] = ()) -> Column:
    """Text; `one_of` closes the vocabulary."""
    return Column(pl.String(), description, nullable=null, check=pa.Check.isin(one_of) if one_of else None)


def texts(description: str) -> Column:
    """A list of texts."""
    return Column(pl.List(pl.String()), description)


def integer(description: str, *, unit: str | None = None, null: bool = False) -> Column:
    """A 64-bit integer that is not money."""
    return Column(pl.Int64(), description, unit, null)


def flag(description: str, *, null: bool = False) -> Column:
    """True or false."""
    return Column(pl.Boolean(), description, nullable=null)


def timestamp(description: str, *, null: bool = False) -> Column:
    """A UTC time, exact to the microsecond."""
    return Column(pl.Datetime("us", "UTC"), description, "UTC", null)


def day(description: str) -> Column:
    """A UTC calendar day."""
    return Column(pl.Date(), description, "UTC day")


def blob(description: str) -> Column:
    """Bytes exactly as they were received."""
    return Column(pl.Binary(), description)


def base_units(description: str, *, null: bool = False) -> Column:
    """An exact count of a token's smallest unit; its decimals stand in the same row."""
    return Column(pl.Decimal(38, 0), description, "base units", null)


def wei(description: str, *, null: bool = False) -> Column:
    """An exact count of the smallest unit of an EVM chain's native coin: 10^-18 of it."""
    return Column(pl.Decimal(38, 0), description, "wei", null)


def tokens(description: str, *, null: bool = False) -> Column:
    """An exact amount of whole tokens (or native coin), comparable across decimals."""
    return Column(pl.Decimal(38, 18), description, "tokens", null)


def fee(description: str, *, null: bool = False) -> Column:
    """A posted fee: tokens rounded half-up to 8 places, once."""
    return Column(pl.Decimal(38, 8), description, "tokens", null)


def rate(description: str, *, null: bool = False) -> Column:
    """A share of one, for example 0.01 for one percent."""
    return Column(pl.Decimal(9, 8), description, "share of 1", null)


def usd_price(description: str) -> Column:
    """US dollars for one token."""
    return Column(pl.Decimal(38, 18), description, "US dollars")


@dataclass(frozen=True)
class Table:
    """One table of the lake.

    Attributes:
        name: `schema.stem`.
        sentence: what one row is.
        columns: in order.
        grain: the columns that identify a row.
        partition_month: the timestamp column whose month partitions the table, if any.
        sort: the order within files, for pruning.
        published: how the API gets it: "range" (segments by `partition_month`), "bucket" (segments by merchant),
            "shared" (a few rows that belong to no merchant, in the manifest) or "" (not).
    """

    name: str
    sentence: str
    columns: dict[str, Column]
    grain: tuple[str, ...]
    partition_month: str = ""
    sort: tuple[str, ...] = ()
    published: str = ""

    @property
    def schema(self) -> str:
        """The layer this table lives in."""
        return self.name.split(".")[0]

    @property
    def stem(self) -> str:
        """The noun: file name, table name, route name."""
        return self.name.split(".")[1]

    @cached_property
    def frame_schema(self) -> pa.DataFrameSchema:
        """The pandera schema frames are checked against before they are appended (without `batch_id`)."""
        return pa.DataFrameSchema(
            {
                name: pa.Column(column.dtype, column.check, nullable=column.nullable, description=column.description)
                for name, column in self.columns.items()
                if name != "batch_id"
            },
            strict=True,
            ordered=False,
            name=self.name,
        )

    def ddl(self, name: str = "") -> str:
        """The CREATE TABLE statement, under its own name or another one."""
        lines = [
            f"    {name} {column.sql_type}{'' if column.nullable else ' NOT NULL'}"
            for name, column in self.columns.items()
        ]
        return f"CREATE TABLE IF NOT EXISTS {name or self.name} (\n" + ",\n".join(lines) + "\n)"
