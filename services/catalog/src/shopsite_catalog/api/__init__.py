"""The endpoints, one module an area. They are thin: read, run one use case, answer."""

from fastapi import APIRouter

from shopsite_catalog.api import categories, images, internal, products, reviews, stock

ROUTERS: tuple[APIRouter, ...] = (
    products.router,
    images.router,
    stock.router,
    categories.router,
    reviews.router,
    internal.router,
)
