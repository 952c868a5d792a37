"""Fixtures for the tests of services, on real servers; pytest loads ``shopsite_common.testing.plugin``."""
