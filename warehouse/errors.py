"""Every error Paylake raises on purpose.

Belongs here: one class for each kind of failure that a caller or an operator treats differently. Does not belong here:
the API's HTTP errors (`api/errors.py`).

    PaylakeError
    ├── SettingsError          settings that cannot be used; names the key
    ├── StorageError           lake, segments or operational store cannot be opened or written
    ├── FeedError              the gateway's feed cannot be read
    ├── RefusedEvent           one event of the feed is not acceptable; `code` is the reason code
    ├── MoneyOutOfRange        an amount beyond what the books can hold exactly
    └── ChainError             a network's node; carries `network`
        ├── ChainUnavailable   no endpoint answers usefully
        │   └── FinalBlockChanged  another block stands where one was final
        ├── CallReverted       a contract refused a call
        ├── WrongChain         the node serves another chain than the settings say
        └── RangeTooLarge      the node refuses the block range; may carry the range it suggests
"""

from typing import Any, ClassVar


class PaylakeError(Exception):
    """Base of all. `code` is stable and meant for machines; `hint` says what to do about it.

    Args:
        message: one sentence for a person, without secrets.
        hint: what to try next.
        details: named values for logs, without secrets.
    """

    code: ClassVar[str] = "PAYLAKE"

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return self.message


class SettingsError(PaylakeError):
    """Settings that cannot be used; the message names the file, the variable or the key."""

    code = "SETTINGS"


class StorageError(PaylakeError):
    """The lake, the published segments or the operational store cannot be opened, read or written."""

    code = "STORAGE"


class FeedError(PaylakeError):
    """The gateway's feed cannot be read; the message names the address without path and query."""

    code = "FEED"


class RefusedEvent(PaylakeError):
    """One event of the feed that is not acceptable.

    Args:
        reason_code: the stable reason, such as `bad_amount`; it becomes the error's `code`.
        reason: one sentence.
    """

    code: str  # an instance has its own reason here, unlike its siblings  # ty: ignore[incompatible-attribute-override]

    def __init__(self, reason_code: str, reason: str, **details: Any) -> None:
        super().__init__(reason, **details)
        self.code = reason_code


class MoneyOutOfRange(PaylakeError):
    """An amount beyond what the books hold exactly; the message names merchant, network and currency."""

    code = "MONEY_OUT_OF_RANGE"


class ChainError(PaylakeError):
    """A failure of one network. `network` is its name, such as `BSC`."""

    code = "CHAIN"

    def __init__(self, message: str, *, network: str, hint: str | None = None, **details: Any) -> None:
        super().__init__(message, hint=hint, network=network, **details)
        self.network = network


class ChainUnavailable(ChainError):
    """No endpoint of the network gives a usable answer."""

    code = "CHAIN_UNAVAILABLE"


class FinalBlockChanged(ChainUnavailable):
    """A block that was final is not on the node's chain: another chain, or a reorganisation below finality."""

    code = "FINAL_BLOCK_CHANGED"


class CallReverted(ChainError):
    """A contract refused a call: its own answer, which every node gives."""

    code = "CALL_REVERTED"


class WrongChain(ChainError):
    """The node serves another chain, or another token contract, than the settings say."""

    code = "WRONG_CHAIN"


class RangeTooLarge(ChainError):
    """The node refuses so many blocks or results at once.

    Args:
        suggested: the block range (first, last) that the node says would work, if it says so.
    """

    code = "RANGE_TOO_LARGE"

    def __init__(
        self,
        message: str,
        *,
        network: str,
        suggested: tuple[int, int] | None = None,
        hint: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message, network=network, hint=hint, **details)
        self.suggested = suggested
