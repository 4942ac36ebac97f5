"""`paylake backfill`: what is missing comes back, what is there stays, what should not be there is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import backfill
from pipelines.demo.anvil import Anvil
from pipelines.demo.evm_tokens import minting, transfer
from tests.pipelines.ingest.test_evm import address, created
from tests.support.anvil_fixtures import BSC_USDT
from tests.support.deployment import Deployment
from warehouse import migrate
from warehouse.errors import PaylakeError
from warehouse.lake import Lake
from warehouse.settings import Mode

SENDER = "0x" + "51" * 20


@pytest.fixture
def shop(bsc_node: Anvil, tmp_path: Path) -> Deployment:
    """Three payments of 1, 2 and 3 tokens, final and ingested."""
    deployment = Deployment(tmp_path / "d", bsc_url=bsc_node.url, has_lake=True, required_confirmations=2)
    bsc_node.send_and_mine([minting(BSC_USDT, SENDER, 10**30)])
    for tokens in (1, 2, 3):
        bsc_node.send_and_mine([transfer(BSC_USDT, SENDER, address(1), tokens * 10**18)])
    bsc_node.mine(blocks=4)
    deployment.drop("address.ndjson", [created(1)])
    deployment.sync()
    return deployment


def received(deployment: Deployment) -> list[tuple[int, bool]]:
    """Tokens of each transaction, and whether it is known when it was confirmed."""
    with Lake.open(deployment.settings.paths, read_only=True) as lake:
        rows = lake.rows("SELECT amount::BIGINT AS amount, confirmed_at FROM marts.transactions ORDER BY amount")
    return [(row["amount"], row["confirmed_at"] is not None) for row in rows]


def lose(deployment: Deployment, *damages: str) -> None:
    """Damage the raw tables, and compute the others from what is left."""
    with Lake.open(deployment.settings.paths) as lake:
        for damage in damages:
            lake.write_tx(lambda write, damage=damage: write.connection.execute(damage))
        migrate.rebuild(lake, deployment.settings)


def test_a_range_that_is_there_changes_nothing(shop: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    before = received(shop)
    for _ in range(2):
        assert backfill.run(shop.settings, "live", "BSC", 0, 8) == 0
        assert "0 transfers were missing" in capsys.readouterr().err
        assert received(shop) == before


def test_what_was_lost_comes_back_with_its_confirmation(shop: Deployment) -> None:
    before = received(shop)
    assert before == [(1, True), (2, True), (3, True)]
    lose(shop, "DELETE FROM raw.evm_transfer_logs WHERE amount_text LIKE '2%'", "DELETE FROM raw.evm_blocks")
    assert received(shop) == [(1, False), (3, False)]
    done = shop.command("backfill", "--network", "BSC", "--from-block", "0", "--to-block", "8")
    assert (done.returncode, received(shop)) == (0, before), done.stderr
    assert "1 transfers were missing and are added" in done.stderr


def test_what_the_node_does_not_have_is_told(shop: Deployment) -> None:
    lose(shop, "UPDATE raw.evm_transfer_logs SET log_index = log_index + 7 WHERE amount_text LIKE '2%'")
    done = shop.command("backfill", "--network", "BSC", "--from-block", "0", "--to-block", "8")
    assert done.returncode == 1
    assert "1 stored transfers are not on this node" in done.stderr


# Mode, network, first and last block, and words of the refusal.
REFUSED: tuple[tuple[Mode, str, int, int, str], ...] = (
    ("live", "BSC", 5, 4, "below --from-block"),
    ("live", "BSC", 0, 999, "only final blocks"),
    ("live", "ETH", 0, 4, "no live network ETH"),
    ("test", "BSC", 0, 4, "no test network BSC"),
)


def test_a_range_that_cannot_be_read_is_refused_with_what_can(shop: Deployment) -> None:
    for mode, network, from_block, to_block, words in REFUSED:
        with pytest.raises(PaylakeError, match=words) as refusal:
            backfill.run(shop.settings, mode, network, from_block, to_block)
        assert refusal.value.hint or from_block > to_block


def test_a_refusal_is_a_message_and_not_a_traceback(shop: Deployment) -> None:
    done = shop.command("backfill", "--network", "BSC", "--from-block", "5", "--to-block", "4")
    assert done.returncode == 1
    assert done.stderr == "error: --to-block 4 is below --from-block 5\n"
