"""What an account's owner does that needs several apps: from the wish list into the basket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory import queries as inventory_queries
from members import queries as members_queries
from members import services as members_services
from omni.kernel import clock
from omni.kernel.transactions import entry

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

for_shoppers = login_required(login_url="account_request_login_code")


class PostAgain(HttpResponseRedirect):
    """Sends the browser on with the same method and the same fields."""

    status_code = 307


def account_of(request: HttpRequest) -> int:
    """Return the id of the account that is signed in."""
    return int(request.user.pk or 0)


@require_POST
@for_shoppers
def move_wish_to_basket(request: HttpRequest, wish_id: int) -> HttpResponse:
    """Take a wish off the list and let the basket take the fields of the form (brand and SKU)."""
    user_id, now = account_of(request), clock.now()
    wish = members_queries.get_wish_for(user_id, wish_id)
    sku = wish.variant.sku if wish.variant else ""
    if not inventory_queries.price_lines(wish.product.brand_id, [sku], now):
        messages.error(request, _("This article is not on sale."))
        return redirect("members:wishes")
    with entry():
        members_services.remove_wish(user_id, wish_id)
    return PostAgain(reverse("orders:basket-add"))
