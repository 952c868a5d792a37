"""The endpoints of orders."""

from shopsite_orders.api import checkout, internal, orders, sales

ROUTERS = (checkout.router, orders.router, sales.router, internal.router)
