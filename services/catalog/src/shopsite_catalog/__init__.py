"""Products, categories, images, stock, reservations and reviews."""
