"""Plumbing that two services or more need, and no business rule."""
