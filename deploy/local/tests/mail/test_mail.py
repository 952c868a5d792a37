"""The mail catcher, from SMTP to Mailpit's API and the pages."""

import smtplib
from email.message import EmailMessage

import pytest


async def test_a_mail_is_listed_in_mailpits_words(post, compose):
    await post.send(compose(text="Hello Ada, thank you."))
    answer = (await post.http.get("/api/v1/messages")).json()
    (listed,) = answer.pop("messages")
    assert answer == {
        "total": 1,
        "unread": 1,
        "count": 1,
        "messages_count": 1,
        "messages_unread": 1,
        "start": 0,
        "tags": [],
    }
    assert listed["From"] == {"Name": "ShopSite", "Address": "shop@example.com"}
    assert listed["To"] == [{"Name": "Ada", "Address": "ada@example.com"}]
    assert (listed["Subject"], listed["Snippet"], listed["Read"]) == ("Your order", "Hello Ada, thank you.", False)
    assert listed["Created"].endswith("Z")
    assert set(listed) == {
        "ID", "MessageID", "Read", "From", "To", "Cc", "Bcc", "ReplyTo", "Subject", "Created", "Size", "Tags",
        "Attachments", "Snippet",
    }  # fmt: skip


async def test_a_mail_is_read_with_its_text_and_html(post, compose):
    await post.send(compose(subject="Grüße, Zoë", text="Order №7\nLine two"))
    message = await post.only()
    assert message["Subject"] == "Grüße, Zoë"
    assert message["Text"] == "Order №7\nLine two\n"
    assert "<p>Order №7" in message["HTML"]
    assert (message["Date"], message["ReturnPath"]) == ("2026-11-24T10:00:00+01:00", "shop@example.com")
    assert message["MessageID"].endswith("@shop.example")
    assert (await post.http.get("/api/v1/messages")).json()["unread"] == 0
    latest = (await post.http.get("/api/v1/message/latest")).json()
    assert latest["ID"] == message["ID"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("to:ada@example.com", ["Shipped 11:30", "Your order"]),
        ("to:ADA@EXAMPLE.COM", ["Shipped 11:30", "Your order"]),
        ('to:"ada@example.com" subject:order', ["Your order"]),
        ("to:bob@example.com", ["Your order"]),
        ("from:shop@example.com subject:shipped", ["Shipped 11:30"]),
        ("from:ada", []),
        ("subject:ÜBER", ["Über uns"]),
        ("tracking", ["Shipped 11:30"]),
        ("11:30", ["Shipped 11:30"]),
        ('"tracking number"', ["Shipped 11:30"]),
        ('"number tracking"', []),
        ("to:ada -subject:order", ["Shipped 11:30"]),
        ("addressed:bob", ["Your order"]),
        ("is:unread to:cleo", ["Über uns"]),
        ("is:read", []),
        ("has:attachment", []),
        ("", ["Über uns", "Shipped 11:30", "Your order", "Your order"]),
    ],
)
async def test_search(post, compose, query, found):
    await post.send(compose())
    await post.send(compose(to="bob@example.com"))
    await post.send(compose(subject="Shipped 11:30", text="Your tracking number is 17"))
    await post.send(compose(subject="Über uns", to="cleo@example.com"))
    assert await post.search(query) == found


async def test_a_search_counts_what_it_finds_beside_the_whole(post, compose):
    for number in range(3):
        await post.send(compose(subject=f"Mail {number}"))
    await post.send(compose(to="bob@example.com"))
    answer = (await post.http.get("/api/v1/search", params={"query": "to:ada", "limit": 1, "start": 1})).json()
    assert (answer["total"], answer["messages_count"], answer["count"], answer["start"]) == (4, 3, 1, 1)
    assert [each["Subject"] for each in answer["messages"]] == ["Mail 1"]
    assert (await post.http.get("/api/v1/messages", params={"limit": "many"})).status_code == 400


async def test_recipients_that_no_header_names_are_blind_copies(post, compose):
    await post.send(compose(), to=["ada@example.com", "audit@example.com"])
    assert (await post.only())["Bcc"] == [{"Name": "", "Address": "audit@example.com"}]
    assert await post.search("bcc:audit") == ["Your order"]


async def test_attachments_and_inline_pictures_are_kept(post):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "With parts"
    message.set_content("text")
    message.add_alternative('<html><body><img src="cid:logo"></body></html>', subtype="html")
    html = message.get_payload()[1]
    html.add_related(b"PNG!", "image", "png", cid="<logo>")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="invoice.pdf")
    await post.send(message)
    read = await post.only()
    (attached,), (inline,) = read["Attachments"], read["Inline"]
    assert (attached["FileName"], attached["ContentType"], attached["Size"]) == ("invoice.pdf", "application/pdf", 4)
    part = await post.http.get(f"/api/v1/message/{read['ID']}/part/{attached['PartID']}")
    assert (part.content, part.headers["content-type"]) == (b"%PDF", "application/pdf")
    view = (await post.http.get(f"/view/{read['ID']}.html")).text
    assert f"/api/v1/message/{read['ID']}/part/{inline['PartID']}" in view
    assert await post.search("has:attachment") == ["With parts"]


async def test_headers_and_raw_are_as_they_came(post, compose):
    await post.send(compose())
    number = (await post.only())["ID"]
    headers = (await post.http.get(f"/api/v1/message/{number}/headers")).json()
    assert headers["Subject"] == ["Your order"]
    assert b"Subject: Your order" in (await post.http.get(f"/api/v1/message/{number}/raw")).content


@pytest.mark.parametrize(
    "raw",
    [
        b"no headers at all",
        b"Subject: =?x-unknown?q?abc?=\r\nFrom: ,,<\r\nDate: soon\r\n\r\nbody",
        b"Content-Type: text/plain; charset=klingon\r\n\r\nqapla \xff",
        b"Subject: =?utf-8?b?a?=\r\n\r\nbroken base64",
        b"",
    ],
)
async def test_an_odd_mail_is_kept_and_shown(post, raw):
    await post.send(raw)
    read = await post.only()
    assert (await post.http.get(f"/view/{read['ID']}")).status_code == 200


async def test_names_are_decoded_whole_and_bare_utf8_is_read(post):
    await post.send("Subject: Grüße\r\nTo: =?utf-8?q?Lovelace=2C_Ada?= <ada@example.com>\r\n\r\n".encode())
    read = await post.only()
    assert (read["Subject"], read["To"]) == ("Grüße", [{"Name": "Lovelace, Ada", "Address": "ada@example.com"}])


async def test_mails_are_deleted_by_id_by_search_and_all(post, compose):
    for number in range(4):
        await post.send(compose(subject=f"Mail {number}"))
    ids = {each["Subject"]: each["ID"] for each in (await post.http.get("/api/v1/messages")).json()["messages"]}
    gone = await post.http.request("DELETE", "/api/v1/messages", json={"IDs": [ids["Mail 0"]]})
    assert (gone.status_code, gone.text) == (200, "ok")
    await post.http.delete("/api/v1/search", params={"query": 'subject:"Mail 1"'})
    assert await post.search("") == ["Mail 3", "Mail 2"]
    assert (await post.http.delete("/api/v1/search")).status_code == 400
    assert (await post.http.get(f"/api/v1/message/{ids['Mail 0']}")).status_code == 404
    await post.http.delete("/api/v1/messages")
    assert await post.search("") == []


async def test_mails_are_marked(post, compose):
    await post.send(compose())
    number = (await post.only())["ID"]
    await post.http.put("/api/v1/messages", json={"IDs": [number], "Read": False})
    assert (await post.http.get("/api/v1/messages")).json()["unread"] == 1
    await post.http.put("/api/v1/messages", json={"Read": True})
    assert (await post.http.get("/api/v1/messages")).json()["unread"] == 0
    for body in (b"{", b"[]"):
        assert (await post.http.put("/api/v1/messages", content=body)).status_code == 400


async def test_mails_outlive_a_restart(start, compose):
    async with start() as post:
        await post.send(compose())
    async with start() as post:
        assert await post.search("to:ada@example.com") == ["Your order"]


async def test_the_oldest_give_way(start, compose):
    async with start(capacity=2) as post:
        for number in range(3):
            await post.send(compose(subject=f"Mail {number}"))
        assert await post.search("") == ["Mail 2", "Mail 1"]


async def test_any_sign_in_is_taken(post):
    assert await post.sign_in("anybody", "anything") == 235


@pytest.mark.parametrize(
    ("step", "refusal"), [("Sender", smtplib.SMTPSenderRefused), ("Recipient", smtplib.SMTPRecipientsRefused)]
)
async def test_chaos_refuses_on_request(post, compose, step, refusal):
    await post.http.put("/api/v1/chaos", json={step: {"ErrorCode": 421, "Probability": 100}})
    with pytest.raises(refusal):
        await post.send(compose())
    await post.http.put("/api/v1/chaos", json={})
    await post.send(compose())
    assert await post.search("") == ["Your order"]
    assert (await post.http.put("/api/v1/chaos", json={"Else": {}})).status_code == 400


async def test_pages_show_mails_and_run_nothing_of_theirs(post, compose):
    await post.send(compose(subject="<script>alert(1)</script>", text="Hi <script>alert(2)</script>"))
    listed = await post.http.get("/")
    assert "<script>alert" not in listed.text
    number = (await post.only())["ID"]
    page = await post.http.get(f"/view/{number}")
    assert "<script>alert" not in page.text
    assert f'src="/view/{number}.html"' in page.text
    view = await post.http.get(f"/view/{number}.html")
    assert "sandbox" in view.headers["content-security-policy"]
    assert '<base target="_blank">' in view.text
    assert (await post.http.get(f"/view/{number}.txt")).text.startswith("Hi ")


async def test_the_list_pages_searches_and_empties(post, compose):
    for number in range(3):
        await post.send(compose(subject=f"Mail {number}"))
    page = (await post.http.get("/", params={"limit": 2, "query": "to:ada"})).text
    assert "Mail 2" in page
    assert "Mail 0" not in page
    assert "start=2" in page
    assert "setInterval" in (await post.http.get("/refresh.js")).text
    assert (await post.http.post("/empty")).status_code == 303
    assert "No mail yet." in (await post.http.get("/")).text


async def test_health_has_the_shops_names_and_mailpits(post):
    for path in ("/livez", "/readyz", "/health/live", "/health/ready", "/api/v1/info"):
        assert (await post.http.get(path)).status_code == 200
