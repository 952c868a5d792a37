"""The rules of orders: no I/O, no clock, no framework."""
