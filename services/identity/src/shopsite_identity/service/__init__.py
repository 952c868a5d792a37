"""Use cases of identity: each function is one transaction."""
