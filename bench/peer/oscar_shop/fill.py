"""Makes the tables and fills them: `python -m oscar_shop.fill PRODUCTS CUSTOMERS PASSWORD`, in bulk, in seconds."""

import os
import sys
from decimal import Decimal

import django
from django.core.management import call_command

STOCK = 1_000_000


def fill(products: int, customers: int, password: str) -> None:
    """Puts products on sale with price and stock, and makes customers who can sign in."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    _products(products)
    _customers(customers, password)


def _products(count: int) -> None:
    from oscar.apps.address.models import Country
    from oscar.apps.catalogue.models import Category, Product, ProductCategory, ProductClass
    from oscar.apps.partner.models import Partner, StockRecord

    Country.objects.create(iso_3166_1_a2="NG", name="Nigeria", printable_name="Nigeria", is_shipping_country=True)
    kind = ProductClass.objects.create(name="Lamps", track_stock=True, requires_shipping=True)
    categories = [Category.add_root(name=f"Category {number}") for number in range(20)]
    partner = Partner.objects.create(name="ShopSite")
    made = Product.objects.bulk_create(
        Product(
            title=f"Lamp of series {number}",
            slug=f"lamp-{number}",
            upc=str(number),
            product_class=kind,
            structure="standalone",
            description=f"A lamp of walnut and brass for desk number {number}, with a linen shade in tone {number % 97}"
            " and a cable of two metres.",
        )
        for number in range(1, count + 1)
    )
    StockRecord.objects.bulk_create(
        StockRecord(
            product=product,
            partner=partner,
            partner_sku=product.upc,
            price_currency="NGN",
            price=Decimal(100 + number % 9901) + Decimal("0.50"),
            num_in_stock=STOCK,
        )
        for number, product in enumerate(made)
    )
    ProductCategory.objects.bulk_create(
        ProductCategory(product=product, category=categories[number % 20]) for number, product in enumerate(made)
    )


def _customers(count: int, password: str) -> None:
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User

    hashed = make_password(password)  # one hash for all: making one takes long on purpose
    User.objects.bulk_create(
        User(username=f"buyer-{number}", email=f"buyer-{number}@example.com", password=hashed)
        for number in range(count)
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oscar_shop.settings")
    django.setup()
    fill(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
