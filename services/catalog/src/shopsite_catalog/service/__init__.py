"""Catalog's use cases: each function one transaction, run by ``Database.run``."""
