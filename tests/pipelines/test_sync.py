"""What `paylake sync` tells a person: each problem once, its end, and never the words of a node as markup."""

from __future__ import annotations

import io

from rich.console import Console

from pipelines.refresh import PassReport
from pipelines.sync import _Teller
from warehouse.errors import ChainUnavailable, FeedError


def told(*reports: PassReport) -> list[str]:
    output = io.StringIO()
    teller = _Teller(Console(file=output, width=60))
    for report in reports:
        teller.tell(report)
    return output.getvalue().splitlines()


def down(words: str, network: str = "BSC") -> PassReport:
    problem = ChainUnavailable(f"{network}: {words}", network=network, hint="look at it")
    return PassReport(problems=[problem], down={f"live/{network}": problem})


def test_a_problem_is_told_once_and_so_is_its_end() -> None:
    assert told(down("no answer"), down("no answer"), PassReport(), PassReport()) == [
        "problem: BSC: no answer (look at it)",
        "solved: BSC: no answer",
    ]


def test_other_words_of_a_network_that_stays_down_are_no_solution() -> None:
    assert told(down("no answer"), down("a web page"), PassReport()) == [
        "problem: BSC: no answer (look at it)",
        "problem: BSC: a web page (look at it)",
        "solved: BSC: a web page",
    ]


def test_problems_of_others_are_known_by_their_words() -> None:
    feed = PassReport(problems=[FeedError("the feed is gone")])
    assert told(feed, feed, PassReport()) == ["problem: the feed is gone", "solved: the feed is gone"]


def test_a_nodes_words_are_shown_as_they_are_whatever_brackets_they_hold() -> None:
    assert told(down("[/red] [bold]x[/]"))[0] == "problem: BSC: [/red] [bold]x[/] (look at it)"


def test_long_words_stay_one_line() -> None:
    assert len(told(down("x" * 300))) == 1
