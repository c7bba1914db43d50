"""API keys to look at; they are made by `bin/manage create_api_key`, since their text is shown only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from omni.api.models import ApiKey

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin["ApiKey"]):
    list_display = ["prefix", "name", "brand_id", "scopes", "expires_at", "revoked_at", "last_used_at"]
    readonly_fields = ["brand", "prefix", "scopes", "created_at", "last_used_at"]
    exclude = ["secret_hash"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A key made here could not be shown."""
        return False
