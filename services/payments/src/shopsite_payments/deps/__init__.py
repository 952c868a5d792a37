"""What the API and the worker share: open resources, and the work that asks Paystack and the database in turns."""
