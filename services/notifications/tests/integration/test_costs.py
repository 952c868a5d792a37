"""What a list of notifications costs."""

import pytest

from shopsite_common.testing.costs import lists_of
from shopsite_common.testing.rows import copy_rows

pytestmark = pytest.mark.integration


async def test_no_list_costs_more_for_a_hundred_rows(app, client, tokens, happen, make, db, costs):
    happen(make.customer())

    def fill():
        db.run_here(copy_rows, "emails", "id", "source_event_id", message_id="message_id || n")

    async def read(path):
        return await client.get(path, params={"page_size": 100}, headers=tokens.headers(role="admin"))

    await costs.check_lists(lists_of(app), read, fill)
