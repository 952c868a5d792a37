"""Recounts a whole shop from its tables: nothing lost, nothing doubled, nothing stuck."""
