"""Accounts of people who sign in with a password, and erasures; phones, passkeys and linked accounts are not shown."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.translation import gettext_lazy as _

from omni.accounts.models import Erasure, ErasureAnswer, User
from omni.kernel.admin import ReadOnly

for hidden in (Authenticator, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(hidden)


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


class ErasureAnswerInline(ReadOnly, admin.TabularInline["ErasureAnswer", "Erasure"]):
    model = ErasureAnswer
    fields = ["part", "round", "held_for", "kept", "answered_at"]


@admin.register(Erasure)
class ErasureAdmin(ReadOnly, admin.ModelAdmin["Erasure"]):
    list_display = ["pk", "user_id", "status", "round", "requested_at", "due_at", "finished_at"]
    fields = ["user", "status", "round", "requested_at", "due_at", "finished_at"]
    list_filter = ["status"]
    inlines = [ErasureAnswerInline]
    show_full_result_count = False
