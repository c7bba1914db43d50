"""Where uploaded files lie: on the disk of this machine, or in a bucket of a store that speaks S3."""

from typing import Any

from omni.settings import environment


def stores() -> dict[str, dict[str, Any]]:
    """Return Django's storages of uploaded files, as the environment wants them.

    In `private` lies what only its owner may fetch, never below a web address.
    """
    bucket = environment.text("OMNI_FILES_BUCKET")
    if bucket:
        return {"default": _in_bucket(bucket, "media"), "private": _in_bucket(bucket, "private")}
    return {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": environment.text("OMNI_PRIVATE_ROOT", str(environment.LOCAL_DIR / "private")),
                "base_url": None,
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        },
    }


def _in_bucket(bucket: str, folder: str) -> dict[str, Any]:
    return {
        "BACKEND": "omni.settings.bucket.open_bucket",
        "OPTIONS": {
            "bucket_name": bucket,
            "location": folder,
            "endpoint_url": environment.text("OMNI_FILES_ENDPOINT") or None,
            "region_name": environment.text("OMNI_FILES_REGION") or None,
            "access_key": environment.text("OMNI_FILES_ACCESS_KEY") or None,
            "secret_key": environment.text("OMNI_FILES_SECRET_KEY") or None,
            "addressing": environment.chosen(
                environment.text("OMNI_FILES_ADDRESSING", "auto"), "auto", "path", "virtual"
            ),
        },
    }
