"""Accounts, passwords, tokens and their keys, admin sessions, the audit log."""
