"""The invariants of a shop, a topic a module."""

from shopsite_invariants.checks import mails, messages, money, orders, projections, stock

CHECKS = (
    *stock.CHECKS,
    *orders.CHECKS,
    *money.CHECKS,
    *messages.CHECKS,
    *mails.CHECKS,
    *projections.CHECKS,
)
