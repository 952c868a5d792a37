"""Ten thousand products in a second: by SQL, into the catalog and into the cart's copy, as its events would.

Names, words and prices repeat with different periods, so that filters and searches find more or less.
"""

import contextlib
from typing import TYPE_CHECKING

import psycopg2

if TYPE_CHECKING:
    from shopsite_bench.stage import Stage

STOCK = 1_000_000  # never sold out, however long a run

_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'catalog' AND tablename IN ('products', 'product_images') AND indexdef NOT LIKE 'CREATE UNIQUE%'
"""
_COUNTING = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"
_PRODUCTS = """
    SET search_path TO catalog, public;
    INSERT INTO categories (id, name, name_key, slug)
    SELECT md5('category' || n)::uuid, 'Category ' || n, 'category ' || n, 'category-' || n
    FROM generate_series(1, 20) AS n ON CONFLICT DO NOTHING;
    INSERT INTO products (id, name, description, price, category_id, tags, stock, low_stock_threshold, is_featured,
                          rating_average, review_count, created_at, updated_at)
    SELECT md5('product' || n)::uuid, 'Lamp of series ' || n,
           'A lamp of walnut and brass for desk number ' || n || ', with a linen shade in tone ' || n %% 97
               || ' and a cable of two metres.',
           100 + n %% 9901 + 0.5, md5('category' || 1 + n %% 20)::uuid, ARRAY['lamp', 'tone' || n %% 97], %(stock)s, 5,
           n %% 50 = 0, n %% 6, 0, now() - n * interval '1 second', now() - n * interval '1 second'
    FROM generate_series(%(first)s, %(last)s) AS n;
    INSERT INTO product_images (id, product_id, public_id, ready, url, width, height, position, created_at)
    SELECT md5('image' || n)::uuid, md5('product' || n)::uuid, 'products/' || n, true,
           'https://res.cloudinary.com/shopsite/image/upload/v1/products/' || n || '.jpg', 800, 800, 0, now()
    FROM generate_series(%(first)s, %(last)s, %(picture_every)s) AS n;
"""
_BESIDE = """
    SET search_path TO catalog, public;
    INSERT INTO stock_movements (id, product_id, delta, level, kind, reason, at)
    SELECT md5('movement' || n)::uuid, md5('product' || n)::uuid, %(stock)s, %(stock)s, 'initial', '', now()
    FROM generate_series(%(first)s, %(last)s) AS n;
    INSERT INTO event_sequences (subject, last)
    SELECT md5('product' || n)::uuid::text, 1 FROM generate_series(%(first)s, %(last)s) AS n;
"""
_COPIES = """
    SET search_path TO cart, public;
    INSERT INTO products (product_id, name, price, image_url, stock, details_sequence, stock_sequence, deleted)
    SELECT id, name, price, 'https://res.cloudinary.com/shopsite/image/upload/v1/' || id || '.jpg', stock, 1, 1, false
    FROM catalog.products ON CONFLICT DO NOTHING;
    ANALYZE;
"""


def seed(stage: "Stage", count: int) -> None:
    """Puts so many products on sale in an empty shop."""
    stage.query(_COUNTING)
    fill_catalog(stage.facts["DATABASE_URL"], count)
    stage.query(_BESIDE, {"first": 1, "last": count, "stock": STOCK})
    stage.query(_COPIES)


def fill_catalog(owner_url: str, count: int, *, picture_every: int = 1) -> None:
    """Puts so many products into an empty catalog, in whatever database it is.

    Indexes are made once all is there, which takes much less time than keeping them meanwhile.

    Args:
        owner_url: the owner's; the schema is there.
        count: how many.
        picture_every: one in so many has a picture.
    """
    with contextlib.closing(psycopg2.connect(owner_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX catalog."{name}"')
        cursor.execute(_PRODUCTS, {"first": 1, "last": count, "stock": STOCK, "picture_every": picture_every})
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("ANALYZE")


def product_id(stage: "Stage", number: int) -> str:
    """The id of a seeded product, from 1."""
    return str(stage.query("SELECT md5('product' || %s)::uuid", (number,))[0][0])
