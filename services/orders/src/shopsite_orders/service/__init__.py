"""Use cases of orders: each is one transaction."""
