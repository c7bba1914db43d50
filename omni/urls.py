"""All routes: each audience's below its own prefix."""

from allauth.account import views as account_views
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.translation import gettext_lazy as _

from omni.pages import urls as pages_urls

admin.site.site_header = admin.site.site_title = _("Corner Wardrobe: administration")


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that this process serves requests (a load balancer's question, so it asks nothing of the database)."""
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("api/", include("omni.api.urls")),
    # Shoppers sign in with a phone and a code, staff with a name and password that somebody gave them: nothing else of
    # allauth is open.
    path("sign-in/", include(pages_urls.sign_in_patterns)),
    path("accounts/login/", account_views.login, name="account_login"),
    path("accounts/logout/", account_views.logout, name="account_logout"),
    path("", include("omni.pages.urls")),
    path("", include("stores.urls")),
    path("", include("inventory.urls")),
    path("", include("members.urls")),
    path("", include("fulfillment.urls")),
    path("", include("orders.urls")),
]
