"""Uploaded files in a bucket: moto answers on the loopback as AWS does, and refuses what is not signed."""

import io
from collections.abc import Iterator

import boto3
import pytest
import requests
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.test import Client
from django.urls import reverse
from moto.server import ThreadedMotoServer
from PIL import Image
from pytest_django import Settings

from bin.servers import free_port
from inventory.choices import MediaKind
from inventory.models import Media, Product
from members import services as members_services
from omni.settings import files
from tests.cast import World

BUCKET = "omni-files"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Return the address of a store that speaks S3, with an empty bucket."""
    server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
    server.start()
    address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    keys = {"aws_access_key_id": "shop", "aws_secret_access_key": "secret"}
    boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys).create_bucket(Bucket=BUCKET)
    yield address
    server.stop()


@pytest.fixture
def bucket(s3: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let files lie in the bucket, as the environment of an installation would."""
    environment = {
        "BUCKET": BUCKET, "ENDPOINT": s3, "REGION": "us-east-1", "ACCESS_KEY": "shop", "SECRET_KEY": "secret",
        "ADDRESSING": "path",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(f"OMNI_FILES_{name}", value)
    settings.STORAGES = {**settings.STORAGES, **files.stores()}
    return s3


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (40, 60), "#8a6d4f").save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize("name", ["default", "private"])
def test_file_in_the_bucket_is_written_read_and_deleted(bucket: str, name: str) -> None:
    storage = storages[name]

    saved = storage.save("exports/one.zip", ContentFile(b"what I gave"))
    second = storage.save("exports/one.zip", ContentFile(b"another"))

    assert saved == "exports/one.zip"
    assert second != saved
    with storage.open(saved) as file:
        assert file.read() == b"what I gave"
    storage.delete(saved)
    storage.delete(second)
    assert (storage.exists(saved), storage.exists(second)) == (False, False)
    with pytest.raises(FileNotFoundError):
        storage.open(saved)


def test_file_in_the_bucket_opens_only_with_a_signature(bucket: str) -> None:
    storage = storages["private"]
    storage.save("exports/two.zip", ContentFile(b"only mine"))
    signed = storage.url("exports/two.zip")
    bare = f"{bucket}/{BUCKET}/private/exports/two.zip"

    assert signed.startswith(f"{bare}?")
    assert "X-Amz-Expires=300" in signed
    assert requests.get(signed, timeout=5).content == b"only mine"
    assert (requests.get(bare, timeout=5).status_code, requests.put(bare, data=b"x", timeout=5).status_code) == (
        403,
        403,
    )


def test_folders_of_the_bucket_do_not_see_each_other(bucket: str) -> None:
    storages["private"].save("exports/three.zip", ContentFile(b"only mine"))

    assert default_storage.exists("exports/three.zip") is False
    assert storages["private"].exists("exports/three.zip") is True


@pytest.mark.django_db
def test_photo_of_a_review_goes_to_the_bucket_and_leaves_it(bucket: str) -> None:
    photo = members_services.drive_photo(picture())
    with default_storage.open(photo.path) as file:
        drawn = Image.open(io.BytesIO(file.read()))

    assert (drawn.format, drawn.size) == ("JPEG", (40, 60))
    members_services.drive_photos_away([photo])
    assert default_storage.exists(photo.path) is False


@pytest.mark.django_db
def test_picture_of_a_product_is_shown_out_of_the_bucket_while_it_is_on_sale(
    bucket: str, world: World, client: Client
) -> None:
    name = default_storage.save("products/2026/03/front.png", ContentFile(picture()))
    Media.objects.create(product=world.product, kind=MediaKind.FRONT, color_hex="#ffffff", position=9, file=name)
    default_storage.save("products/2026/03/nobodys.png", ContentFile(picture()))
    address = reverse("inventory:picture", args=[name])

    answer = client.get(address)

    assert (answer.getvalue(), answer["Content-Type"]) == (picture(), "image/png")
    assert client.get(address.replace("front", "nobodys")).status_code == 404
    Product.objects.filter(pk=world.product.pk).update(is_active=False)
    assert client.get(address).status_code == 404
