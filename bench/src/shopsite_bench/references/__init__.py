"""The least that the same work costs: plain programs behind a plain Traefik."""
