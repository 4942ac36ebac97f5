"""The steps from an older operational store to today's, run by Alembic.

Belongs here: the runner and, in `versions/`, one file per step, never edited once released. Does not belong here: the
tables as they are now (`schema.py`).
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from warehouse.errors import StorageError


def alembic_config() -> Config:
    """Alembic's configuration, without a file: the scripts lie beside this module."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def newest_revision() -> str | None:
    """The revision that the last step leads to."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def upgrade(engine: sa.Engine) -> None:
    """Run every missing step in one transaction.

    Raises:
        StorageError: the store was written by a newer Paylake.
    """
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StorageError(
                "The operational store was written by a newer Paylake.", hint="Upgrade Paylake, or restore a backup."
            ) from error
