"""What Dagster is shown: every table, with the edges of its SQL, its contract's columns, its header's checks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from pipelines import checks, dagster_home
from pipelines.assets import graph
from pipelines.definitions import build
from pipelines.schedules import INVARIANTS_JOB, SYNC_JOB
from pipelines.steps import LakeOutcome, RecordedSteps
from tests.support.api import ROOT
from tests.support.deployment import Deployment
from warehouse.contracts import tables
from warehouse.invariants import invariants
from warehouse.settings import Settings, load_settings
from warehouse.sql_models import models

CONFIG = """
[networks.live.BSC]
rpc_urls = ["http://127.0.0.1:1"]
[networks.live.ETH]
rpc_urls = ["http://127.0.0.1:1"]
[networks.test.BSC]
rpc_urls = ["http://127.0.0.1:1"]
"""
JOBS = (SYNC_JOB, INVARIANTS_JOB)
TRANSFERS = {"raw.bsc_transfers", "raw.eth_transfers", "raw.bsc_test_transfers"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    file = tmp_path_factory.mktemp("d") / "paylake.toml"
    file.write_text(CONFIG)
    return load_settings(file, {})


@pytest.fixture(scope="module")
def definitions(settings: Settings) -> dg.Definitions:
    return build(settings)


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {".".join(spec.key.path): spec for spec in definitions.resolve_all_asset_specs()}


def edges(spec: dg.AssetSpec) -> set[str]:
    return {".".join(dep.asset_key.path) for dep in spec.deps}


def pools(job: dg.JobDefinition) -> dict[str, str | None]:
    return {node.name: node.definition.pool for node in job.graph.nodes if isinstance(node.definition, dg.OpDefinition)}


def test_the_definitions_load(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_every_table_and_view_is_an_asset_in_the_group_of_its_layer(specs: dict[str, dg.AssetSpec]) -> None:
    shown = {model.name for model in models() if not model.is_affected}
    assert specs.keys() == shown | TRANSFERS | {
        "raw.gateway_events",
        "published",
        "operational_credits",
        "analyst_copy",
    }
    assert {name: specs[name].group_name for name in shown} == {name: name.split(".")[0] for name in shown}


def sources_in(sql: str) -> set[str]:
    """The tables a text reads, also through the rows that only a run has."""
    found = set(
        re.findall(
            r"(?:from|join)\s+((?:raw|state|staging|current|changes|intermediate|marts)\.\w+)", re.sub(r"--.*", "", sql)
        )
    )
    lasting = {name for name in found if not name.startswith(("current.", "changes."))}
    for name in found - lasting:
        stem = name.split(".")[1]
        passing = [model.sql for model in models() if model.name == f"current.{stem}"]
        lasting |= sources_in(passing[0]) if passing else {f"{layer_of(stem)}.{stem}"}
    return lasting


def layer_of(stem: str) -> str:
    return next(model.schema for model in models() if model.stem == stem and not model.is_affected)


def test_the_edges_are_what_the_sql_reads(specs: dict[str, dg.AssetSpec]) -> None:
    for model in models():
        if model.is_affected:
            continue
        read = sources_in(model.sql) - {model.name}
        named = {name for name in read if name in specs}
        chains = TRANSFERS if any(name.startswith(("raw.evm_", "state.chain_heads")) for name in read) else set()
        feed = {"raw.gateway_events"} if any(name.startswith("raw.gateway_") for name in read) else set()
        assert edges(specs[model.name]) == named | chains | feed, model.name


def test_everything_stands_on_the_sources_and_is_served(specs: dict[str, dg.AssetSpec]) -> None:
    published = {name for name, table in tables().items() if table.published}
    assert edges(specs["published"]) == published | {"marts.ledger_postings"}
    assert edges(specs["analyst_copy"]) == {"published"}
    assert edges(specs["operational_credits"]) == {"marts.balances", "marts.merchants"}
    # Prices at par come from the settings.
    assert {name for name, spec in specs.items() if not edges(spec)} == {"raw.gateway_events", "staging.price_quotes"}


def test_columns_are_those_of_the_contracts(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        if name.startswith(("published", "operational", "analyst")):
            continue
        shown = [
            (column.name, column.type, column.description or "", column.constraints.nullable)
            for column in spec.metadata["dagster/column_schema"].columns
        ]
        table = tables().get("raw.evm_transfer_logs" if name in TRANSFERS else name)
        if table:
            columns = table.columns.items()
            assert shown == [(key, column.sql_type, column.comment, column.nullable) for key, column in columns]
        else:
            assert len(shown) > 1, name


def test_a_models_page_has_its_sentence_and_its_sql(specs: dict[str, dg.AssetSpec]) -> None:
    for model in models():
        if not model.is_affected:
            description = specs[model.name].description or ""
            assert description.startswith(model.sentence)
            assert model.sql in description


def test_each_check_of_a_header_is_a_blocking_check(settings: Settings) -> None:
    specs = checks.lake_check_specs(settings)
    of_models = [spec for spec in specs if spec.name not in (checks.FEED_ANSWERS, checks.NODE_ANSWERS)]
    assert all(spec.blocking for spec in of_models)
    assert len(of_models) == sum(1 + len(model.checks) for model in checks.checked_models())
    assert len({spec.key for spec in specs}) == len(specs)
    ledger = {spec.name for spec in specs if spec.asset_key == dg.AssetKey(["marts", "ledger"])}
    assert ledger == {
        "grain_is_unique",
        "amount_above_0_and_fee_at_least_0",
        "net_plus_fee_is_amount",
        "net_at_least_0",
    }


def test_each_invariant_is_a_check_of_the_table_it_is_about_and_no_pass_waits_for_it(
    definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]
) -> None:
    shown = {spec.name: spec for spec in checks.invariant_specs().values()}
    assert shown.keys() == {invariant.name for invariant in invariants()}
    for invariant in invariants():
        spec = shown[invariant.name]
        assert (spec.description, spec.blocking) == (invariant.sentence, False)
        name = ".".join(spec.asset_key.path)
        assert name in specs
        assert name == (graph.CREDITS if invariant.about == "operations.balance_credits" else invariant.about)
    steps = {name: {node.name for node in definitions.resolve_job_def(name).graph.nodes} for name in JOBS}
    assert steps == {SYNC_JOB: {"lake", "published", "operational_credits"}, INVARIANTS_JOB: {"all_invariants"}}


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("(status = 'paid') = (paid_at is not null)", "status_is_paid_is_paid_at_is_not_null"),
        ("a >= b", "a_at_least_b"),
        ("a <= b - c", "a_at_most_b_minus_c"),
        ("a <> b", "a_is_not_b"),
    ],
)
def test_names_of_checks_tell_operators_apart(sql: str, name: str) -> None:
    assert checks.check_name(sql) == name


def test_a_run_is_one_process_and_writers_wait_for_each_other(definitions: dg.Definitions, settings: Settings) -> None:
    job = definitions.resolve_job_def(SYNC_JOB)
    assert job.executor_def is dg.in_process_executor
    assert pools(job) == {"lake": "lake", "published": "serving", "operational_credits": "serving"}
    steps = RecordedSteps(LakeOutcome.__new__(LakeOutcome))
    recorded = build(settings, recorded=steps).resolve_job_def(SYNC_JOB)
    assert set(pools(recorded).values()) == {None}


def test_views_are_shown_but_not_run(definitions: dg.Definitions) -> None:
    run = {".".join(key.path) for key in definitions.resolve_job_def(SYNC_JOB).asset_layer.executable_asset_keys}
    assert {name for name in run if name in tables()} == run - TRANSFERS - {graph.PUBLISHED, graph.CREDITS}
    assert not run & {model.name for model in models() if model.is_view}


def test_the_schedule_waits_to_be_switched_on(definitions: dg.Definitions, tmp_path: Path) -> None:
    schedule = definitions.resolve_schedule_def("every_minute")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        context = dg.build_schedule_context(instance)
        assert [request.tags["paylake/trigger"] for request in schedule.evaluate_tick(context).run_requests or ()] == [
            "schedule"
        ]
        instance.create_run_for_job(definitions.resolve_job_def(SYNC_JOB), status=dg.DagsterRunStatus.STARTED)
        tick = schedule.evaluate_tick(context)
        assert (tick.run_requests, tick.skip_message) == ([], "the last run is not over")


def test_the_invariants_are_asked_hourly_once_switched_on(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("every_hour")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert (schedule.job_name, schedule.cron_schedule) == (INVARIANTS_JOB, "17 * * * *")


def test_a_deployment_without_networks_loads(tmp_path: Path) -> None:
    dg.Definitions.validate_loadable(build(Deployment(tmp_path / "d").settings))


def test_the_home_is_made_once_and_dagster_accepts_it(tmp_path: Path) -> None:
    settings = Deployment(tmp_path / "d").settings
    assert not dagster_home.has_home(settings)
    home = dagster_home.make_home(settings)
    assert dagster_home.has_home(settings)
    assert home == settings.paths.data_dir / "dagster"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert not instance.get_settings("run_retries")["retry_on_asset_or_op_failure"]
    (home / dagster_home.CONFIG_NAME).write_text("telemetry: {enabled: false}\n")
    dagster_home.make_home(settings)
    assert (home / dagster_home.CONFIG_NAME).read_text() == "telemetry: {enabled: false}\n"


@pytest.mark.process
def test_the_workspace_file_loads_with_the_settings_of_the_environment(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "d", bsc_url="http://127.0.0.1:1")
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-w", str(dagster_home.workspace_file())]
    done = subprocess.run(
        command, cwd=ROOT, env={**deployment.environment, "HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "pipelines" in done.stdout + done.stderr


@pytest.mark.process
@pytest.mark.parametrize("module", ["pipelines.cli", "pipelines.sync", "pipelines.dagster_home", "api.app"])
def test_dagster_is_imported_by_its_own_face_alone(module: str) -> None:
    code = f"import sys, {module}; sys.exit('dagster' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
