"""django-oscar with its API as delivered: the peer that the shop is measured against."""
