from django.urls import path

from stores.views import shop

app_name = "stores"
urlpatterns = [
    path("place/", shop.choose_place, name="place"),
    path("place/districts/", shop.list_districts, name="districts"),
    path("stores/", shop.find_stores, name="finder"),
    path("stores/<slug:brand_code>/<path:store_code>/", shop.show_store, name="store"),
]
