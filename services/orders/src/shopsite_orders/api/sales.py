"""The sales figures."""

from typing import Annotated

from fastapi import APIRouter, Query

from shopsite_common.auth import AdminUser
from shopsite_common.clock import utcnow
from shopsite_common.errors import Forbidden, NotAuthenticated
from shopsite_common.openapi import documented
from shopsite_common.parameters import Day
from shopsite_orders.deps import Own
from shopsite_orders.domain.periods import report_days
from shopsite_orders.schemas import Interval, SalesOut
from shopsite_orders.service.sales import get_sales

router = APIRouter(tags=["analytics"])


@router.get(
    "/api/admin/analytics/sales/",
    operation_id="get_sales",
    responses=documented(NotAuthenticated, Forbidden),
)
async def read_sales(
    _user: AdminUser,
    own: Own,
    first: Annotated[Day | None, Query(alias="from", description="First day; by default 29 days before `to`")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Last day, included; by default today (UTC)")] = None,
    interval: Interval = "day",
) -> SalesOut:
    """Return what was sold in a period of at most 366 days, less what was refunded."""
    start, end = report_days(first, last, today=utcnow().date())
    sales = await own.db.run(get_sales, first=start, last=end, interval=interval)
    return SalesOut.of(sales, currency=own.settings.shop_currency)
