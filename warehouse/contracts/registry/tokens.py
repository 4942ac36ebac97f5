"""Contract of `registry.tokens`."""

from __future__ import annotations

from warehouse.contracts.table import Table, base_units, integer, text

TABLE = Table(
    name="registry.tokens",
    sentence="One token that counts as money.",
    grain=("mode", "network", "token_address"),
    columns={
        "mode": text("The deployment mode the row belongs to.", one_of=("live", "test")),
        "network": text("Network code: BSC, ETH, POL, TRX, SOL or one named in the settings."),
        "currency": text("Token symbol as merchants know it: USDT or USDC."),
        "token_address": text("Contract or mint, canonical."),
        "decimals": integer("Digits of its smallest unit."),
        "limit_base_units": base_units("10^12 tokens: an amount this large is refused by name."),
        "scale_to_18": base_units("10^(18 - decimals): makes amounts of all tokens comparable."),
    },
)
