"""The endpoints of payments."""
