"""The REST API, version 1: the apps' resources under one roof."""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from fulfillment import api as fulfillment_api
from omni.api import views
from orders import api as orders_api

app_name = "api"
urlpatterns = [
    path("v1/orders/", orders_api.OrderListApi.as_view(), name="orders"),
    path("v1/orders/<str:number>/", orders_api.OrderApi.as_view(), name="order"),
    path("v1/orders/<str:number>/cancel/", orders_api.OrderCancelApi.as_view(), name="order-cancel"),
    path("v1/stores/nearest", fulfillment_api.NearestStoresApi.as_view(), name="stores-nearest"),
    path("v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("v1/docs/", views.DocsView.as_view(), name="docs"),
    re_path(r"", views.UnknownPathView.as_view()),
]
