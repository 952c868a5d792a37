"""Systems outside of this process: the cache in Redis, the place of pictures, and orders."""
