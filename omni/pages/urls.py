from django.urls import path
from django.views.generic import RedirectView

from omni.pages.views import account, hq, shop

# Under the names that allauth redirects to, outside this app's namespace.
sign_in_patterns = [
    path("", shop.request_code, name="account_request_login_code"),
    path("code/", shop.confirm_code, name="account_confirm_login_code"),
]

app_name = "pages"
urlpatterns = [
    path("me/", shop.show_account, name="account"),
    path("me/wishes/<int:wish_id>/to-basket/", account.move_wish_to_basket, name="wish-to-basket"),
    path("hq/", RedirectView.as_view(pattern_name="pages:hq-orders"), name="hq"),
    path("hq/orders/", hq.list_orders, name="hq-orders"),
    path("hq/orders/<str:number>/", hq.show_order, name="hq-order"),
    path("hq/network/", hq.show_network, name="hq-network"),
]
