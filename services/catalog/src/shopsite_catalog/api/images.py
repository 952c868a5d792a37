"""Pictures of products, for staff."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request

from shopsite_catalog.deps import CatalogResources, Own
from shopsite_catalog.errors import NotAPicture, PictureTooLarge, TooManyImages
from shopsite_catalog.schemas.products import ImageOut, PictureUpload
from shopsite_catalog.service import images
from shopsite_common.auth import StaffUser
from shopsite_common.errors import (
    Forbidden,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    ShopError,
    TooManyRequests,
    UnsupportedMediaType,
    ValidationFailed,
)
from shopsite_common.openapi import documented

router = APIRouter(tags=["products"])

MAX_PICTURE_BYTES = 5 * 1024 * 1024
MAX_UPLOAD_BYTES = 6 * 1024 * 1024
PictureForm = Annotated[PictureUpload, Form(media_type="multipart/form-data")]


async def multipart_only(request: Request) -> None:
    """Let only multipart bodies pass.

    Raises:
        UnsupportedMediaType: it is something else.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UnsupportedMediaType


@router.post(
    "/api/products/{product_id}/images/",
    operation_id="add_product_image",
    status_code=201,
    max_body_size=MAX_UPLOAD_BYTES,
    dependencies=[Depends(multipart_only)],
    responses=documented(
        NotAuthenticated,
        Forbidden,
        NotFound,
        NotAPicture,
        ValidationFailed,
        TooManyImages,
        PictureTooLarge,
        PayloadTooLarge,
        UnsupportedMediaType,
        TooManyRequests,
    ),
)
async def add_product_image(product_id: UUID, body: PictureForm, user: StaffUser, own: Own) -> ImageOut:
    """Add a picture: JPEG, PNG or WebP, at most 5 MB, judged by its content."""
    data = await body.file.read(MAX_PICTURE_BYTES + 1)
    if len(data) > MAX_PICTURE_BYTES:
        raise PictureTooLarge
    await own.inspector.inspect(data)
    row = await store_picture(own, product_id, data, actor=user.id)
    await own.touch(product_id)
    return ImageOut.model_validate(row)


async def store_picture(own: CatalogResources, product_id: UUID, data: bytes, *, actor: UUID | None) -> Any:
    """Store a picture of a product and show it; return its row. No transaction is open during the upload.

    Raises:
        NotFound: no such product is on sale.
        Unavailable: it can't be stored now.
    """
    image_id, public_id = await own.db.run(images.begin_image, product_id=product_id)
    try:
        stored = await own.pictures.upload(public_id, data)
        return await own.db.run(
            images.finish_image,
            product_id=product_id,
            image_id=image_id,
            url=stored.url,
            width=stored.width,
            height=stored.height,
            actor=actor,
            currency=own.settings.shop_currency,
        )
    except ShopError:
        await own.db.run(images.abandon_image, product_id=product_id, image_id=image_id, public_id=public_id)
        raise


@router.delete(
    "/api/products/{product_id}/images/{image_id}/",
    operation_id="delete_product_image",
    status_code=204,
    responses=documented(NotAuthenticated, Forbidden, NotFound, TooManyRequests),
)
async def delete_product_image(product_id: UUID, image_id: UUID, user: StaffUser, own: Own) -> None:
    """Take a picture from its product."""
    await own.db.run(
        images.delete_image,
        product_id=product_id,
        image_id=image_id,
        actor=user.id,
        currency=own.settings.shop_currency,
    )
    await own.touch(product_id)
