"""Catalog's rules: no input, no output, no clock."""
