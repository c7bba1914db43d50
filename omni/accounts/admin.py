"""Accounts of people who sign in with a password; phones are not shown."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.translation import gettext_lazy as _

from omni.accounts.models import User


@admin.register(User)
class UserAdmin(DjangoUserAdmin["User"]):
    list_display = ["username", "last_name", "first_name", "is_active", "is_staff", "last_login"]
    search_fields = ["username", "first_name", "last_name"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["last_name", "first_name", "email", "language"]}),
        (_("Rights"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
