"""The gateway's check: token or session to identity, and the tiered limits."""
