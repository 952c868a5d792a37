"""All SQL of identity, a module a topic."""
