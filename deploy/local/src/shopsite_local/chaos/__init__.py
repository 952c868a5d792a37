"""Buyers buy while everything is killed, frozen and cut off; afterwards every invariant of the shop must hold."""
