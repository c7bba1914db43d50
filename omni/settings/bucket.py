"""Uploaded files in a bucket; apart from the settings, so that only those who have a bucket load what speaks to it."""

from botocore.config import Config
from django.core.files.storage import Storage
from storages.backends.s3 import S3Storage

# How long an address of a file opens it; pages give out none, they show files through the application.
ADDRESS_SECONDS = 300


def open_bucket(*, addressing: str, **options: str | None) -> Storage:
    """Return a storage in a bucket that nobody reads without a signature; the options are django-storages'."""
    storage: Storage = S3Storage(
        file_overwrite=False,
        querystring_auth=True,
        querystring_expire=ADDRESS_SECONDS,
        client_config=Config(
            signature_version="s3v4",
            s3={"addressing_style": addressing},
            connect_timeout=3,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": 3},
            # Other makers' stores do not know the checksums that AWS asks for besides.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
        **options,
    )
    return storage
