"""The outside systems that payments asks: orders and Paystack."""
