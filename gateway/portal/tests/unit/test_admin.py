"""The dashboard without the services: who is sent where, and what figures look like."""

import pytest

from shopsite_portal.admin.charts import HEIGHT, WIDTH, bars
from shopsite_portal.admin.rendering import badge, moment, money, render


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("/admin/", "/admin/sign-in/"),
        ("/admin/orders/?status=CREATED", "/admin/sign-in/?next=/admin/orders/%3Fstatus%3DCREATED"),
        ("/admin/products/new/", "/admin/sign-in/?next=/admin/products/new/"),
    ],
)
async def test_a_stranger_is_sent_to_the_sign_in_and_asked_back(portal, asked, wanted):
    answer = await portal.get(asked)
    assert (answer.status_code, answer.headers["location"]) == (303, wanted)


async def test_an_address_without_its_last_slash_leads_to_the_one_with_it(portal):
    answer = await portal.get("/admin/orders?page=2")
    assert (answer.status_code, answer.headers["location"]) == (308, "/admin/orders/?page=2")
    assert (await portal.get("/admin/nonsense/")).status_code == 404


async def test_with_authz_away_a_page_says_so(portal):
    answer = await portal.get("/admin/", headers={"Cookie": "shopsite_session=anything"})
    assert answer.status_code == 503
    assert "not available" in answer.text


def test_only_the_origins_of_pictures_on_the_page_are_added_to_the_policy():
    page = render(
        "sign_in.html", pictures=["https://res.example/a/b.jpg"], shop_name="S", onward="", email="", fault=""
    )
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["img-src"] == "'self' blob: https://res.example"
    assert policy["default-src"] == "'self'"


def test_bars_fill_the_box_in_proportion_and_never_go_below_it():
    series = [
        {"start": f"2026-11-0{day}", "revenue": amount} for day, amount in ((1, "50.00"), (2, "100.00"), (3, "-9"))
    ]
    low, high, below = bars(series)
    assert (low.height, high.height, below.height) == (HEIGHT / 2, HEIGHT, 0)
    assert (high.y, low.y) == (0, HEIGHT / 2)
    assert below.x + below.width <= WIDTH
    assert bars([]) == bars([{"start": "2026-11-01", "revenue": "0.00"}]) == []


def test_figures_times_and_states_for_people():
    assert money("1234567.5", "NGN") == "NGN 1,234,567.50"
    assert "4 Nov 2026, 08:30" in moment("2026-11-04T08:30:00.204000Z")
    assert "never" in moment(None)
    assert badge("NEEDS_ATTENTION") == '<span class="badge bad">Needs attention</span>'
    assert "&lt;" in badge("<b>")
