"""A Paystack to develop against: the same paths, bodies and webhooks, built from the published documents."""
