"""The gateway's own pages: merged OpenAPI, health, errors, dead letters, dashboard."""
