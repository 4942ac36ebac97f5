"""Routes of balances.

Belongs here: queries and answers. Does not belong here: SQL, shapes and grouping.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.answers import Answer, answer
from api.auth import Reading
from api.balance import queries
from api.balance.breakdown import NetworkFacts, break_down, break_down_by_network
from api.balance.schemas import CryptoBalance, Earnings, NetworkBalances, PendingBalance, Total
from api.clock import Clock
from api.deployment import Deployment, deployment_of
from api.money import show_8
from api.presentation import show_moment_or_null
from warehouse.domain.money import sum_exactly
from warehouse.store.credits import available

router = APIRouter(prefix="/balance", tags=["balance"])


@router.get("/crypto", response_model=Answer[CryptoBalance])
def get_crypto_balance(caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]) -> Response:
    """Available and pending balance, earnings and fees."""
    balances = available(deployment.store, caller.key.merchant_id, caller.key.mode)
    pairs = [(row["network"], row["currency"]) for row in caller.rows(queries.ADDRESS_PAIRS)]
    earnings = caller.rows(queries.EARNINGS, **_windows(deployment.clock))
    pending = caller.prices.worth({row["currency"]: row["pending"] for row in earnings})
    # No withdrawal can exist yet, so sums over withdrawals are sums over nothing.
    nothing = Total(all_time=show_8(Decimal(0)), this_month=show_8(Decimal(0)))
    return answer(
        CryptoBalance(
            available_balance=break_down(balances, pairs, caller.prices),
            pending_balance=PendingBalance(
                amount=show_8(_sum(earnings, "pending")),
                usd_value=pending.usd,
                price_source=pending.source,
                description="Awaiting blockchain confirmations",
            ),
            total_earnings=Earnings(
                all_time=show_8(_sum(earnings, "earned")),
                this_month=show_8(_sum(earnings, "earned_this_month")),
                this_week=show_8(_sum(earnings, "earned_this_week")),
                today=show_8(_sum(earnings, "earned_today")),
            ),
            total_withdrawn=nothing,
            platform_fees_paid=Total(
                all_time=show_8(_sum(earnings, "fees")), this_month=show_8(_sum(earnings, "fees_this_month"))
            ),
            withdrawal_fees_paid=nothing,
            last_updated=show_moment_or_null(caller.data_as_of),
        )
    )


@router.get("/networks", response_model=Answer[NetworkBalances])
def get_network_balances(caller: Reading, deployment: Annotated[Deployment, Depends(deployment_of)]) -> Response:
    """Available balance, addresses, hot wallet and sweeps of each network."""
    balances = available(deployment.store, caller.key.merchant_id, caller.key.mode)
    facts = NetworkFacts(
        addresses={(row["network"], row["currency"]): row for row in caller.rows(queries.ADDRESS_FIGURES)},
        sweeps={row["network"]: row for row in caller.rows(queries.SWEEPS)},
        hot_wallets={row["network"]: row["address"] for row in caller.shared_rows(queries.HOT_WALLETS)},
    )
    view = deployment.chain_view(caller.key.mode)
    return answer(NetworkBalances(networks=break_down_by_network(balances, facts, view)))


def _windows(clock: Clock) -> dict[str, Any]:
    """First days of this month and week (a Monday), and today, all in UTC."""
    today = clock().astimezone(UTC).date()
    return {
        "month_start": today.replace(day=1),
        "week_start": today - timedelta(days=today.weekday()),
        "today": today,
    }


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> Decimal:
    """Over all currencies, which add at par; zero where there was nothing to add."""
    return sum_exactly(row[name] for row in rows if row[name] is not None)
