from django.urls import path
from django.views.generic import RedirectView

from omni.pages.views import hq

app_name = "pages"
urlpatterns = [
    path("hq/", RedirectView.as_view(pattern_name="pages:hq-orders"), name="hq"),
    path("hq/orders/", hq.list_orders, name="hq-orders"),
    path("hq/orders/<str:number>/", hq.show_order, name="hq-order"),
    path("hq/network/", hq.show_network, name="hq-network"),
]
