import pytest

from shopsite_common.events import AdminActed, CustomerDeleted
from shopsite_common.ids import uuid7
from shopsite_common.testing.messages import emitted
from shopsite_notifications.worker.delivery import Delivery

pytestmark = pytest.mark.integration

LIST = "/api/admin/notifications/"


@pytest.fixture
def admin(tokens):
    return tokens.headers(role="admin")


@pytest.fixture
def story(happen, make):
    """A customer with a welcome, an order and a reset, and another with a welcome."""
    ada = make.customer()
    happen(ada)
    happen(make.order_created(customer_id=ada.customer_id))
    happen(make.reset_requested(ada.customer_id, uuid7()), sequence=2)
    happen(make.customer(email="Bola_x@Example.com", first_name="Bola"))
    return ada


async def test_the_list_shows_every_mail_newest_first_with_its_documented_fields(client, admin, story):
    answer = await client.get(LIST, headers=admin)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["count"], body["next"], body["previous"]) == (4, None, None)
    assert [mail["kind"] for mail in body["results"]] == ["welcome", "password_reset", "order_confirmation", "welcome"]
    oldest = body["results"][-1]
    assert list(oldest) == ["id", "kind", "to", "subject", "status", "attempts", "sent_at", "created_at"]
    assert (oldest["to"], oldest["status"], oldest["attempts"], oldest["sent_at"]) == (
        "ada@example.com",
        "PENDING",
        0,
        None,
    )
    assert oldest["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("kind=welcome", 2),
        ("kind=refund", 0),
        ("status=PENDING", 4),
        ("status=SENT", 0),
        ("to=ada@example.com", 3),
        ("to=bola", 1),
        ("to=BOLA_X@", 1),
        ("to=bola%25x", 0),
        ("to=ola%5F", 1),
        ("to=ad_", 0),
        ("kind=welcome&to=ada", 1),
        ("unknown=1", 4),
        ("to=", 4),
    ],
)
async def test_filters_narrow_the_list(client, admin, story, query, count):
    answer = await client.get(f"{LIST}?{query}", headers=admin)
    assert answer.json()["count"] == count


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("kind=spam", 400, "kind"),
        ("status=sent", 400, "status"),
        ("to=" + "x" * 321, 400, "to"),
        ("to=%00", 400, None),
        ("page_size=0", 400, "page_size"),
        ("page=2", 404, None),
    ],
)
async def test_what_cannot_be_read_is_refused(client, admin, story, query, status, field):
    answer = await client.get(f"{LIST}?{query}", headers=admin)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if field:
        assert field in answer.json()["details"]


async def test_pages_link_to_each_other(client, admin, story):
    first = (await client.get(f"{LIST}?page_size=3&to=example", headers=admin)).json()
    assert first["next"] == f"http://shop.example.com{LIST}?page_size=3&to=example&page=2"
    second = (await client.get(first["next"], headers=admin)).json()
    assert len(second["results"]) == 1
    assert second["previous"] == f"http://shop.example.com{LIST}?page_size=3&to=example"


@pytest.mark.parametrize("method_and_path", [("GET", ""), ("GET", "{id}/"), ("POST", "{id}/resend/")])
async def test_only_admins_come_in(client, tokens, story, log, method_and_path):
    method, path = method_and_path
    url = LIST + path.format(id=log()[0].id)
    assert (await client.request(method, url)).status_code == 401
    for role in ("customer", "staff"):
        assert (await client.request(method, url, headers=tokens.headers(role=role))).status_code == 403


async def test_one_mail_shows_its_content_and_its_order(client, admin, story, log):
    row = log("kind = 'order_confirmation'")[0]
    body = (await client.get(f"{LIST}{row.id}/", headers=admin)).json()
    assert body["customer"] == str(story.customer_id)
    assert body["order"] == str(row.order_id)
    assert "Hello Ada," in body["text"]
    assert "SO-10042" in body["html"]


async def test_a_reset_shows_no_content_and_is_never_sent_again(client, admin, story, log, db):
    row = log("kind = 'password_reset'")[0]
    body = (await client.get(f"{LIST}{row.id}/", headers=admin)).json()
    assert (body["html"], body["text"]) == (None, None)
    answer = await client.post(f"{LIST}{row.id}/resend/", headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "password_reset_not_resendable")
    assert db.run_here(lambda session: emitted(session, "notifications")) == []


@pytest.mark.parametrize("name", ["not-a-uuid", "0193a1c2-7d1e-7c3a-9b1e-2f6a5c0d9e11"])
async def test_an_unknown_mail_is_404(client, admin, name):
    assert (await client.get(f"{LIST}{name}/", headers=admin)).status_code == 404
    assert (await client.post(f"{LIST}{name}/resend/", headers=admin)).status_code == 404


async def test_a_sent_mail_goes_out_again_under_a_new_message_id_and_into_the_audit_log(
    client, tokens, happen, make, log, db, resources, sink
):
    admin_id = uuid7()
    happen(make.customer())
    delivery = Delivery(resources)
    await delivery.deliver_due()
    (row,) = log()
    answer = await client.post(f"{LIST}{row.id}/resend/", headers=tokens.headers(admin_id, role="admin"))
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["sent_at"]) == ("PENDING", None)
    await delivery.deliver_due()
    first, second = (taken.message["Message-ID"] for taken in sink.taken)
    assert first != second
    assert (log()[0].status, log()[0].attempts) == ("SENT", 2)
    (acted,) = [e for e in db.run_here(lambda s: emitted(s, "notifications")) if isinstance(e, AdminActed)]
    assert (acted.actor_id, acted.action, acted.object_type, acted.object_id, acted.changes) == (
        admin_id,
        "email.resend",
        "email",
        str(row.id),
        {"kind": "welcome"},
    )


async def test_a_failed_mail_gets_its_whole_time_again(client, admin, story, log, execute):
    execute("UPDATE emails SET status = 'FAILED', error = 'x', queued_at = now() - interval '80 hours'")
    row = log("kind = 'welcome'")[0]
    await client.post(f"{LIST}{row.id}/resend/", headers=admin)
    again = log("kind = 'welcome'")[0]
    assert (again.status, again.error) == ("PENDING", None)
    assert again.queued_at > row.queued_at
    assert again.queued_at == again.next_attempt_at


async def test_a_waiting_mail_is_due_at_once_but_not_taken_from_who_is_at_it(client, admin, story, log, execute):
    execute("UPDATE emails SET next_attempt_at = now() + interval '1 hour', leased_until = now() + interval '1 min'")
    row = log("kind = 'welcome'")[0]
    assert (await client.post(f"{LIST}{row.id}/resend/", headers=admin)).status_code == 202
    again = log("kind = 'welcome'")[0]
    assert again.next_attempt_at < row.next_attempt_at
    assert (again.leased_until, again.resends) == (row.leased_until, 0)


async def test_nothing_is_sent_again_to_an_erased_account(client, admin, story, happen, log, execute):
    execute("UPDATE emails SET status = 'SENT'")
    happen(CustomerDeleted(customer_id=story.customer_id), sequence=3)
    row = log("kind = 'order_confirmation'")[0]
    answer = await client.post(f"{LIST}{row.id}/resend/", headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (409, "recipient_erased")
    body = (await client.get(f"{LIST}{row.id}/", headers=admin)).json()
    assert body["to"] == "erased@account.invalid"
    assert "Ada" not in body["text"]


async def test_the_list_asks_the_database_as_often_for_many_mails_as_for_one(client, admin, app, happen, make):
    from sqlalchemy import event

    engine, statements = app.state.resources.db.engine, []
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    happen(make.customer())
    await client.get(LIST, headers=admin)
    for_one = len(statements)
    for _ in range(15):
        happen(make.customer())
    statements.clear()
    await client.get(LIST, headers=admin)
    assert len(statements) == for_one


async def test_the_process_is_ready(client):
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
