"""Orders, their state machine, history and analytics."""
