"""Errors carry a stable code, a sentence and what to do."""

from warehouse import errors


def test_a_refused_event_has_its_reason_as_code() -> None:
    refused = errors.RefusedEvent("bad_amount", "The amount is not plain digits.", position=3)
    assert (refused.code, str(refused), refused.details) == (
        "bad_amount",
        "The amount is not plain digits.",
        {"position": 3},
    )


def test_a_chain_error_names_its_network_and_the_range_to_try() -> None:
    refused = errors.RangeTooLarge("too many blocks", network="BSC", suggested=(1, 500), hint="smaller ranges")
    assert (refused.network, refused.suggested, refused.hint) == ("BSC", (1, 500), "smaller ranges")


def test_every_error_is_drawn_in_the_tree_and_has_a_code_of_its_own() -> None:
    classes = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.PaylakeError)
    ]
    assert [kind.__name__ for kind in classes if kind.__name__ not in (errors.__doc__ or "")] == []
    codes = [kind.__dict__["code"] for kind in classes if kind is not errors.RefusedEvent]
    assert len(codes) == len(set(codes))
