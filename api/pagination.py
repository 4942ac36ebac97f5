"""Pages of a list: `page` and `limit` in, six keys out.

Belongs here: the arithmetic of pages. Does not belong here: any query.
"""

from dataclasses import dataclass

from starlette.datastructures import QueryParams

from api.answers import Schema
from api.parameters import WholeNumber

# The largest integer that every JSON reader keeps exactly; far beyond any list, and page * limit still fits 64 bits.
PAGE_MAX = 2**53 - 1

PAGE = WholeNumber("page", "Page number, from 1; a page past the end is empty.", 1, PAGE_MAX, 1)
LIMIT = WholeNumber("limit", "Items per page.", 1, 100, 20)


class Pagination(Schema):
    """Where this page lies in its list."""

    current_page: int
    total_pages: int
    total_items: int
    items_per_page: int
    has_next: bool
    has_prev: bool


@dataclass(frozen=True, slots=True)
class Page:
    """The page that was asked for."""

    number: int
    limit: int

    @property
    def offset(self) -> int:
        """How many items come before it."""
        return (self.number - 1) * self.limit

    def of(self, total_items: int) -> Pagination:
        """The pagination object of a list with so many items."""
        total_pages = -(-total_items // self.limit)
        return Pagination(
            current_page=self.number,
            total_pages=total_pages,
            total_items=total_items,
            items_per_page=self.limit,
            has_next=self.number < total_pages,
            has_prev=self.number > 1,
        )


def read_page(query: QueryParams) -> Page:
    """The page that was asked for.

    Raises:
        InvalidParameter: `page` or `limit` is not digits, or outside its limits.
    """
    return Page(PAGE.read(query), LIMIT.read(query))
