"""Shopping carts and a copy of what they show of products."""
