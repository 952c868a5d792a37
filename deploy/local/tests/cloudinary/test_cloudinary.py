"""The simulator against the real SDK."""

import hashlib
import io
import socket
import time

import httpx
import pytest
from PIL import Image


def _upload(sdk, content, **options):
    return sdk.uploader.upload(content, **{"timeout": 5, **options})


def test_an_upload_is_stored_described_and_served(simulator, sdk, picture):
    content = picture()
    reply = _upload(sdk, content, public_id="products/abc", overwrite=True, tags=["a", "b"])
    assert (reply["public_id"], reply["folder"], reply["tags"]) == ("products/abc", "products", ["a", "b"])
    assert (reply["width"], reply["height"], reply["format"], reply["bytes"]) == (60, 40, "png", len(content))
    assert reply["etag"] == hashlib.md5(content).hexdigest()
    assert reply["secure_url"] == f"{simulator.url}/shopsite/image/upload/v{reply['version']}/products/abc.png"
    assert sdk.utils.verify_api_response_signature(reply["public_id"], reply["version"], reply["signature"])
    served = httpx.get(reply["secure_url"])
    assert (served.content, served.headers["content-type"]) == (content, "image/png")
    assert served.headers["x-cloudinary-simulator"] == "1"


def test_the_signature_covers_awkward_characters(simulator, sdk, picture):
    reply = _upload(sdk, picture(), public_id="a&b=c d", folder="Größe", context={"alt": "x=y|z&w"}, tags="p,q")
    assert reply["public_id"] == "Größe/a&b=c d"
    assert httpx.get(reply["url"]).status_code == 200


def test_sha256_signatures_are_taken_too(simulator, sdk, picture):
    sdk.config(signature_algorithm="sha256")
    try:
        assert _upload(sdk, picture(), public_id="sha")["public_id"] == "sha"
    finally:
        sdk.config(signature_algorithm="sha1")


def test_a_wrong_secret_is_refused_and_stores_nothing(simulator, sdk, picture):
    with pytest.raises(sdk.errors.AuthorizationRequired, match=r"Invalid Signature .* String to sign - 'public_id=x&"):
        _upload(sdk, picture(), public_id="x", api_secret="other")
    with pytest.raises(sdk.errors.AuthorizationRequired, match="Invalid api_key"):
        _upload(sdk, picture(), public_id="x", api_key="other")
    with pytest.raises(sdk.errors.AuthorizationRequired, match="cloud_name"):
        _upload(sdk, picture(), public_id="x", cloud_name="other")
    assert simulator.http.get("/_simulator/assets").json() == []


@pytest.mark.parametrize(("age", "status"), [(3500, 200), (3700, 401)])
def test_an_old_request_is_refused(simulator, sdk, picture, age, status):
    # The SDK writes the time itself, so this one request is signed by its function and sent by hand.
    fields = {"public_id": "x", "timestamp": str(int(time.time()) - age)}
    config = sdk.config()
    signature = sdk.utils.api_sign_request(fields, config.api_secret)
    answer = simulator.http.post(
        "/v1_1/shopsite/image/upload",
        data={**fields, "signature": signature, "api_key": config.api_key},
        files={"file": ("x.png", picture())},
    )
    assert answer.status_code == status
    assert ("Stale request" in answer.text) is (status == 401)


def test_uploading_again_replaces_with_a_newer_version(simulator, sdk, picture):
    first = _upload(sdk, picture(), public_id="p", overwrite=True)
    second = _upload(sdk, picture(color="red"), public_id="p", overwrite=True)
    assert second["version"] > first["version"]
    assert (second["asset_id"], second["overwritten"]) == (first["asset_id"], True)
    assert httpx.get(second["url"]).content == picture(color="red")
    assert len(simulator.http.get("/_simulator/assets").json()) == 1


def test_without_overwrite_the_first_one_stays(simulator, sdk, picture):
    first = _upload(sdk, picture(), public_id="p")
    second = _upload(sdk, picture(color="red"), public_id="p", overwrite=False)
    assert (second["existing"], second["etag"]) == (True, first["etag"])


def test_without_a_public_id_one_is_made(simulator, sdk, picture):
    assert len(_upload(sdk, picture())["public_id"]) == 20


def test_destroy_is_idempotent(simulator, sdk, picture):
    kept = _upload(sdk, picture(), public_id="twin")
    gone = _upload(sdk, picture(), public_id="gone")
    assert sdk.uploader.destroy("gone", invalidate=True, timeout=5)["result"] == "ok"
    assert sdk.uploader.destroy("gone", invalidate=True, timeout=5)["result"] == "not found"
    assert httpx.get(gone["url"]).status_code == 404
    assert httpx.get(kept["url"]).content == picture()


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html></html>", b"\x89PNG\r\n", b""]
)
def test_what_is_no_picture_is_refused(simulator, sdk, content):
    with pytest.raises(sdk.errors.BadRequest, match="Invalid image file"):
        _upload(sdk, io.BytesIO(content), public_id="x", filename="x.png")


def test_too_many_pixels_or_bytes_are_refused(simulator, sdk, picture):
    with pytest.raises(sdk.errors.BadRequest, match="megapixels"):
        _upload(sdk, picture(size=(20_000, 2_000)))
    with pytest.raises(sdk.errors.BadRequest, match="File size too large"):
        _upload(sdk, picture() + bytes(10 * 1024 * 1024))


def test_no_url_is_fetched(simulator, sdk):
    with pytest.raises(sdk.errors.BadRequest, match="fetches no URLs"):
        _upload(sdk, "http://169.254.169.254/latest/meta-data")


def test_pictures_are_resized_and_converted(simulator, sdk, picture):
    reply = _upload(sdk, picture(size=(400, 200)), public_id="products/wide")
    base = f"{simulator.url}/shopsite/image/upload"
    for path, size, form in [
        ("c_fill,f_auto,h_50,q_auto,w_50/v1/products/wide.jpg", (50, 50), "JPEG"),
        ("w_100/products/wide.png", (100, 50), "PNG"),
        ("c_fit,h_100,w_100/products/wide.webp", (100, 50), "WEBP"),
        (f"c_fill,w_80,h_20/v{reply['version']}/products/wide", (80, 20), "PNG"),
    ]:
        served = httpx.get(f"{base}/{path}")
        with Image.open(io.BytesIO(served.content)) as shown:
            assert (served.status_code, shown.size, shown.format) == (200, size, form)
    for path in ("products/none.png", "no/w_10/products/wide.png", ""):
        assert httpx.get(f"{base}/{path}").status_code == 404
    assert httpx.get(f"{simulator.url}/other/image/upload/products/wide.png").status_code == 404
    assert httpx.get(f"{simulator.url}/image/upload/products/wide.png").status_code == 200


def test_the_sdk_sees_the_faults_that_were_asked_for(simulator, sdk, picture):
    for status, raised in [(420, sdk.errors.RateLimited), (500, sdk.errors.GeneralError), (502, sdk.errors.Error)]:
        simulator.configure(fail_next=1, fail_status=status)
        with pytest.raises(raised):
            _upload(sdk, picture(), public_id="x")
    simulator.configure(fail_next=1, fail_status=502, fail_body="html")
    with pytest.raises(sdk.errors.Error, match="Error parsing server response"):
        _upload(sdk, picture(), public_id="x")
    assert simulator.http.get("/_simulator/assets").json() == []


def test_a_lost_reply_has_stored_the_picture(simulator, sdk, picture):
    # The SDK itself repeats the call on a new connection, so both answers are lost.
    simulator.configure(drop_next=5)
    with pytest.raises(sdk.errors.Error):
        _upload(sdk, picture(), public_id="x")
    simulator.configure(drop_next=0)
    assert [each["public_id"] for each in simulator.http.get("/_simulator/assets").json()] == ["x"]


def test_a_slow_answer_meets_the_callers_timeout(simulator, sdk, picture):
    simulator.configure(latency_ms=1500)
    with pytest.raises(sdk.errors.Error):
        _upload(sdk, picture(), public_id="x", timeout=0.3)
    simulator.configure(latency_ms=None)
    assert _upload(sdk, picture(), public_id="x")["overwritten"] is True


@pytest.mark.parametrize("settings", [{"fail_status": 200}, {"unknown": 1}])
def test_a_setting_that_means_nothing_is_refused(simulator, settings):
    assert simulator.configure(**settings).status_code == 400
    assert simulator.http.get("/_simulator/settings").json()["fail_status"] == 500


def test_the_pings_key_is_checked(simulator, sdk):
    assert sdk.api.ping(timeout=5)["status"] == "ok"
    with pytest.raises(sdk.errors.AuthorizationRequired):
        sdk.api.ping(timeout=5, api_secret="other")


def test_other_resources_and_a_destroy_of_nothing_are_refused(simulator, sdk, picture):
    with pytest.raises(sdk.errors.BadRequest):
        _upload(sdk, picture(), resource_type="raw")
    with pytest.raises(sdk.errors.BadRequest):
        sdk.uploader.destroy("", timeout=5)


def test_the_page_shows_the_pictures(simulator, sdk, picture):
    _upload(sdk, picture(), public_id="<i>")
    page = simulator.http.get("/").text
    assert "&lt;i&gt;" in page
    assert "<i>" not in page


def test_pictures_outlive_a_kill(process, sdk, picture):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process.start(port)
    reply = _upload(sdk, picture(), public_id="kept", upload_prefix=f"http://127.0.0.1:{port}")
    process.kill()
    process.start(port)
    assert reply["url"].startswith(f"http://localhost:{port}/shopsite/image/upload/")
    assert httpx.get(reply["url"]).content == picture()
