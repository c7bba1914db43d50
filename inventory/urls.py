from django.urls import path, re_path

from inventory.views import crawlers, finding, product, shop

app_name = "inventory"
urlpatterns = [
    path("", shop.show_home, name="home"),
    path("products/", finding.list_products, name="products"),
    path("collections/<slug:brand_code>/<slug:code>/", finding.show_collection, name="collection"),
    path("search/", finding.search, name="search"),
    path("search/suggestions/", finding.suggest, name="suggestions"),
    path("products/<slug:brand_code>/<str:code>/", product.show_product, name="product"),
    path("robots.txt", crawlers.show_robots, name="robots"),
    path("sitemap.xml", crawlers.show_sitemap, name="sitemap"),
    path("scan/<slug:brand_code>/<path:sku>/code.svg", product.show_scan_code, name="scan-code"),
    path("scan/<slug:brand_code>/<path:sku>/", product.scan, name="scan"),
    path("pictures/<path:name>", product.show_picture, name="picture"),
    re_path(
        r"^garments/(?P<shape>[a-z][a-z0-9.]{0,99})/(?P<color>[0-9a-f]{6})\.svg$", product.show_garment, name="garment"
    ),
]
