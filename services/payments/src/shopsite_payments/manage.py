"""Commands for operators: ``python -m shopsite_payments manage …``."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from shopsite_common.cli import load_settings
from shopsite_common.clock import utcnow
from shopsite_common.errors import ShopError
from shopsite_payments.deps.reconciling import Report, reconcile
from shopsite_payments.deps.resources import PaymentsResources
from shopsite_payments.deps.settling import settle
from shopsite_payments.service.refunds import repeat_refund
from shopsite_payments.settings import Settings

Action = Callable[[PaymentsResources, argparse.Namespace], Awaitable[int]]


def configure(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands of payments."""
    compare = commands.add_parser("reconcile", help="compare the ledger with Paystack's list; status 1 on differences")
    span = compare.add_mutually_exclusive_group()
    span.add_argument("--days", type=int, default=0, help="how far back (default: PAYMENT_SWEEP_DAYS)")
    span.add_argument("--date", type=date.fromisoformat, help="one day (UTC), as 2026-11-23")
    compare.set_defaults(run=_runner(_reconcile))
    one = commands.add_parser("settle", help="verify one transaction with Paystack now")
    one.add_argument("reference")
    one.set_defaults(run=_runner(_settle))
    again = commands.add_parser("repeat-refund", help="start a failed refund once more")
    again.add_argument("refund_id", type=UUID)
    again.set_defaults(run=_runner(_repeat_refund))


def _runner(action: Action) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        load_settings("shopsite_payments", "manage")
        return asyncio.run(_run(action, arguments))

    return run


async def _run(action: Action, arguments: argparse.Namespace) -> int:
    desk = PaymentsResources(Settings())
    try:
        return await action(desk, arguments)
    except ShopError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    finally:
        await desk.close()


async def _reconcile(desk: PaymentsResources, arguments: argparse.Namespace) -> int:
    since, until = _time_to_compare(arguments, desk.settings)
    report = await reconcile(desk, since=since, until=until)
    if report is None:
        sys.stderr.write("Another comparison is under way.\n")
        return 2
    sys.stdout.write(_shown(report))
    return 1 if report.differences else 0


def _time_to_compare(arguments: argparse.Namespace, settings: Settings) -> tuple[datetime, datetime | None]:
    if arguments.date is not None:
        midnight = datetime.combine(arguments.date, time.min, tzinfo=UTC)
        return midnight, midnight + timedelta(days=1)
    return utcnow() - timedelta(days=arguments.days or settings.payment_sweep_days), None


def _shown(report: Report) -> str:
    lines = [
        f"{found.kind:16} {found.reference}  Paystack: {found.theirs or '-'}  here: {found.ours or '-'}"
        f"{'  (mended)' if found.mended else ''}"
        for found in report.differences
    ]
    return "\n".join([*lines, f"{report.compared} compared, {len(report.differences)} differences"]) + "\n"


async def _settle(desk: PaymentsResources, arguments: argparse.Namespace) -> int:
    standing = await settle(desk, arguments.reference)
    sys.stdout.write(f"{standing.reference} {standing.status.value}\n")
    return 0


async def _repeat_refund(desk: PaymentsResources, arguments: argparse.Namespace) -> int:
    again = await desk.db.run(repeat_refund, refund_id=arguments.refund_id, now=utcnow())
    sys.stdout.write(f"{again}\n")
    return 0
