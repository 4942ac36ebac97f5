"""A local EVM node: anvil, started, driven and surely stopped.

Belongs here: the process, its clock and its transactions. Does not belong here: token contracts (`evm_tokens.py`).

The binary comes from npm (`@foundry-rs/anvil`); set-up installs it under `.devtools`. Keep a chain below some 2,000
blocks: anvil slows down with its length.
"""

import atexit
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from pipelines.chains.rpc import RetryPolicy, RpcEndpoint
from warehouse.errors import ChainError, PaylakeError

_VERSION = "1.7.1"
_INSTALL = f"npm install --prefix .devtools --no-audit --no-fund @foundry-rs/anvil@{_VERSION}"
_START_SECONDS = 20.0
_STOP_SECONDS = 3.0
_STARTS = 3
_LISTENING = re.compile(rb"Listening on 127\.0\.0\.1:(\d+)")
_SEND_BATCH = 500
# Above the first base fee of 1 gwei, which only falls while blocks are far from full.
_GAS_PRICE = hex(2 * 10**9)
_FUNDS = hex(10**21)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A call from any account, without its key: anvil impersonates the sender."""

    sender: str
    to: str
    data: str = "0x"
    value: int = 0
    gas: int = 120_000

    def fields(self) -> dict[str, str]:
        """As the node takes it, but for the nonce."""
        numbers = {"value": hex(self.value), "gas": hex(self.gas), "gasPrice": _GAS_PRICE}
        return {"from": self.sender, "to": self.to, "data": self.data, **numbers}


def find_anvil() -> Path:
    """The anvil binary of the set-up, or the one on the PATH.

    Raises:
        PaylakeError: there is none; the hint says how to install it.
    """
    for root in (Path(__file__).resolve().parents[2], Path.cwd()):
        for binary in sorted(root.glob(".devtools/node_modules/@foundry-rs/anvil-*/bin/anvil")):
            return binary
    on_path = shutil.which("anvil")
    if on_path:
        return Path(on_path)
    raise PaylakeError("the local chain node anvil is not installed", hint=_INSTALL)


class Anvil:
    """A local chain that mines only when told to. A context manager: starts on entering, stops on leaving.

    It lives in a session of its own, so a Ctrl-C meant for us does not reach it, and dies with us where the system
    can arrange that (Linux with util-linux): with the thread that started it, to be exact.

    Args:
        chain_id: such as 56.
        port: 0 for a free one.
        genesis_time: time of block 0, UTC; now if not given.
        finality_blocks: how far the finalised block lags; even and at least 2 (anvil's `finalized` is two epochs).
        args: further arguments for anvil.
    """

    def __init__(
        self,
        chain_id: int,
        port: int = 0,
        *,
        genesis_time: datetime | None = None,
        finality_blocks: int = 2,
        args: Sequence[str] = (),
    ) -> None:
        if finality_blocks < 2 or finality_blocks % 2:
            raise ValueError(f"finality_blocks must be even and at least 2, not {finality_blocks}")
        genesis = genesis_time or datetime.now(UTC)
        self.chain_id = chain_id
        self._port = port
        self._arguments = [
            *("--host", "127.0.0.1", "--chain-id", str(chain_id), "--no-mining", "--order", "fifo"),
            *("--timestamp", str(int(genesis.timestamp())), "--slots-in-an-epoch", str(finality_blocks // 2)),
            *("--gas-limit", "30000000000", *args),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._endpoint: RpcEndpoint | None = None
        self._funded: set[str] = set()
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it answers.

        Raises:
            PaylakeError: it does not start; the message holds its last words.
        """
        last_words = ""
        self._funded.clear()
        for _ in range(_STARTS):
            try:
                port, last_words = self._launch()
                if port:
                    self.url = f"http://127.0.0.1:{port}"
                    # One attempt: what anvil refuses once it refuses again.
                    self._endpoint = RpcEndpoint(self.url, network="anvil", policy=RetryPolicy(attempts=1))
                    self.rpc("anvil_setLoggingEnabled", False)
                    self.rpc("anvil_autoImpersonateAccount", True)
                    return
            except BaseException:
                self.stop()
                raise
            self.stop()
        raise PaylakeError(f"anvil does not start: {last_words}")

    def _launch(self) -> tuple[int, str]:
        """Start once; the port it listens on (0 if it does not) and what it wrote last."""
        command = [str(find_anvil()), "--port", str(self._port), *self._arguments]
        setpriv = shutil.which("setpriv")
        if setpriv:
            # Set by a helper program, because Python's preexec_fn is unsafe in a process with threads.
            command = [setpriv, "--pdeathsig", "KILL", "--", *command]
        atexit.register(self.stop)
        # A file, not a pipe: nobody reads it later, and a full pipe would stop the node.
        with tempfile.TemporaryFile() as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
            ends_at = time.monotonic() + _START_SECONDS
            while time.monotonic() < ends_at:
                written = os.pread(output.fileno(), 1 << 20, 0)
                listening = _LISTENING.search(written)
                if listening:
                    return int(listening[1]), ""
                if self._process.poll() is not None:
                    break
                time.sleep(0.005)
        return 0, written[-500:].decode("utf-8", "replace").strip() or "no output"

    def stop(self) -> None:
        """End the process and wait for its end. Stopping twice is harmless."""
        atexit.unregister(self.stop)
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def process_id(self) -> int:
        """The node's process id."""
        if self._process is None:
            raise PaylakeError("anvil is not running")
        return self._process.pid

    def rpc(self, method: str, *params: object) -> Any:
        """The result of one call, as Python values."""
        return msgspec.json.decode(self._running().call(method, params, null=True))

    def batch(self, calls: Sequence[tuple[str, Sequence[object]]]) -> list[Any]:
        """The results of many calls, sent in as few requests as is sensible."""
        results: list[Any] = []
        for start in range(0, len(calls), _SEND_BATCH):
            answers = self._running().batch(calls[start : start + _SEND_BATCH], null=True)
            results += [msgspec.json.decode(answer) for answer in answers]
        return results

    def _running(self) -> RpcEndpoint:
        if self._endpoint is None:
            raise PaylakeError("anvil is not running")
        return self._endpoint

    def block_number(self) -> int:
        """The newest block."""
        return int(self.rpc("eth_blockNumber"), 16)

    def mine(self, *, at: datetime | None = None, blocks: int = 1, seconds_apart: int = 1) -> int:
        """Mine what has been sent into the next block, then empty blocks; the number of the newest.

        Args:
            at: time of the first block, not before the newest block's time; otherwise anvil's clock.
            blocks: how many blocks in all.
            seconds_apart: between the blocks.
        """
        if at is not None:
            self.rpc("evm_setNextBlockTimestamp", int(at.timestamp()))
        self.rpc("evm_mine")
        if blocks > 1:
            self.rpc("anvil_mine", hex(blocks - 1), hex(seconds_apart))
        return self.block_number()

    def send(self, transactions: Sequence[Transaction]) -> list[str]:
        """Hand transactions to the node in this order, for `mine` to include; their hashes.

        Nonces are counted here: of a batch without them, anvil refuses all but the first of one sender.
        """
        senders = list(dict.fromkeys(transaction.sender for transaction in transactions))
        unfunded = [sender for sender in senders if sender not in self._funded]
        self.batch([("anvil_setBalance", [sender, _FUNDS]) for sender in unfunded])
        self._funded.update(unfunded)
        pending = self.batch([("eth_getTransactionCount", [sender, "pending"]) for sender in senders])
        nonces = {sender: int(count, 16) for sender, count in zip(senders, pending, strict=True)}
        calls = []
        for transaction in transactions:
            fields = {**transaction.fields(), "nonce": hex(nonces[transaction.sender])}
            nonces[transaction.sender] += 1
            calls.append(("eth_sendTransaction", [fields]))
        return self.batch(calls)

    def send_and_mine(self, transactions: Sequence[Transaction], *, at: datetime | None = None) -> list[dict[str, Any]]:
        """Send transactions, mine them into one block, and give their receipts.

        Raises:
            ChainError: one of them failed or was not included.
        """
        hashes = self.send(transactions)
        self.mine(at=at)
        receipts = self.batch([("eth_getTransactionReceipt", [tx_hash]) for tx_hash in hashes])
        for tx_hash, receipt in zip(hashes, receipts, strict=True):
            if receipt is None or receipt["status"] != "0x1":
                outcome = "was not included" if receipt is None else "failed"
                raise ChainError(f"anvil: the transaction {tx_hash} {outcome}", network="anvil")
        return receipts

    def reorg(self, depth: int, transactions: Sequence[tuple[Transaction, int]] = ()) -> list[dict[str, Any]]:
        """Replace the newest blocks, the finalised one too if asked: same height, new hashes, other transactions.

        The new blocks' times begin at that of the newest common block. What was pending is forgotten.

        Args:
            depth: how many blocks.
            transactions: each with the place of its block among the new ones, from 0. Its sender needs coin from before
                the replaced blocks: one that has sent something has it.

        Returns:
            The receipts of the transactions, in the order of their blocks.

        Raises:
            ChainError: one of them failed or was not included.
        """
        placed = sorted(transactions, key=lambda pair: pair[1])
        self.rpc("anvil_reorg", depth, [[transaction.fields(), place] for transaction, place in placed])
        self._forget()
        head = self.block_number()
        calls = [("eth_getBlockReceipts", [hex(number)]) for number in range(head - depth + 1, head + 1)]
        receipts = [receipt for block in self.batch(calls) for receipt in block]
        # anvil is silent about a transaction it leaves out.
        if [receipt["status"] for receipt in receipts] != ["0x1"] * len(placed):
            raise ChainError("anvil: a transaction of the reorganisation failed or was not included", network="anvil")
        return receipts

    def rollback(self, depth: int) -> int:
        """Take away the newest blocks, and what was pending; the number of the now newest block."""
        self.rpc("anvil_rollback", depth)
        self._forget()
        return self.block_number()

    def _forget(self) -> None:
        """With the blocks went the coin given to senders, and the nonces that pending transactions follow."""
        self._funded.clear()
        self.rpc("anvil_dropAllTransactions")
