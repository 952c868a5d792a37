"""Writes down what the code promises: endpoints, events and settings."""
