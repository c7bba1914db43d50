from django.urls import path, re_path

from inventory.views import product, shop

app_name = "inventory"
urlpatterns = [
    path("", shop.show_home, name="home"),
    path("products/", shop.list_products, name="products"),
    path("products/<slug:brand_code>/<str:code>/", product.show_product, name="product"),
    re_path(r"^garments/(?P<shape>[a-z]{1,20})/(?P<color>[0-9a-f]{6})\.svg$", product.show_garment, name="garment"),
]
