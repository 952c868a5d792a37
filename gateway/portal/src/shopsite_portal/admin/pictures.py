"""A product's pictures: uploaded by way of the API to the picture store."""

from fastapi import APIRouter, Response
from starlette.datastructures import UploadFile

from shopsite_portal.admin.products import LIST
from shopsite_portal.admin.visit import SignedIn

router = APIRouter()


@router.post("/admin/products/{product_id}/images/")
async def add_picture(visit: SignedIn, product_id: str) -> Response:
    """Upload one."""
    here = f"{LIST}{product_id}/"
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return visit.go(here, "Choose a picture first.", tone="bad")
    files = {"file": (file.filename, await file.read(), file.content_type or "application/octet-stream")}
    done = "The picture is added."
    return await visit.attempt("POST", f"/api/products/{product_id}/images/", files=files, to=here, done=done)


@router.post("/admin/products/{product_id}/images/{image_id}/delete/")
async def delete_picture(visit: SignedIn, product_id: str, image_id: str) -> Response:
    """Remove one."""
    path = f"/api/products/{product_id}/images/{image_id}/"
    return await visit.attempt("DELETE", path, to=f"{LIST}{product_id}/", done="The picture is removed.")
