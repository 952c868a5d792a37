"""Payments, attempts, refunds, webhooks and reconciliation with Paystack."""
