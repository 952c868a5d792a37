"""Bodies of identity's API, a module a topic."""
