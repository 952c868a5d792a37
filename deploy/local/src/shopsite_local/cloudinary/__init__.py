"""A Cloudinary to develop against: takes the SDK's signed uploads and destroys, and serves the pictures."""
