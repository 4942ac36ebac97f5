"""`paylake dagster`: the folder where Dagster keeps its runs, and its web pages over it.

Belongs here: dagster.yaml, where the workspace file lies, starting. Does not: what is shown (definitions.py). Nothing
here imports Dagster.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from warehouse.settings import Settings, child_environment

CONFIG_NAME = "dagster.yaml"
CONFIG = """\
# Written once by `paylake dagster`; yours to change. Reference: Dagster's documentation of dagster.yaml.
telemetry: {enabled: false}
nux: {enabled: false}  # no window that asks for an address on the first visit
concurrency:
  runs: {max_concurrent_runs: 2}
  pools: {granularity: op, default_limit: 1}  # one writer at a time; each would wait for the other's lock
run_queue: {dequeue_interval_seconds: 1}
# A run whose process died is started again; a failed check or a node that is down is not: the next run tries it anyway.
run_retries: {enabled: true, max_retries: 2, retry_on_asset_or_op_failure: false}
run_monitoring: {enabled: true, start_timeout_seconds: 180, max_runtime_seconds: 14400}
retention:
  schedule: {purge_after_days: {skipped: 1, success: 7}}
  sensor: {purge_after_days: {skipped: 1, success: 7}}
"""


def make_home(settings: Settings) -> Path:
    """The folder of Dagster's runs, made if it is not there; what stands in it stays."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    config = home / CONFIG_NAME
    if not config.exists():
        config.write_text(CONFIG, encoding="utf-8")
    return home


def has_home(settings: Settings) -> bool:
    """Whether the folder was made."""
    return (settings.dagster_home / CONFIG_NAME).exists()


def workspace_file() -> Path:
    """workspace.yaml: at the root of a checkout, inside `pipelines` in a wheel."""
    checkout = Path(__file__).parent.parent / "workspace.yaml"
    return checkout if checkout.exists() else Path(__file__).parent / "_workspace.yaml"


def run(settings: Settings, config: Path | None, *, host: str, port: int) -> NoReturn:
    """Become `dagster dev`: web pages, schedules and runs in one.

    Args:
        settings: whose home is used.
        config: the settings file, if one was named.
        host: address to listen on.
        port: port to listen on.
    """
    home = make_home(settings)
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace_file()), "-h", host, "-p", str(port)]
    os.execve(sys.executable, command, child_environment(home, config))  # noqa: S606 - no shell is meant
