from django.urls import path, re_path

from inventory.views import crawlers, finding, product, shop
from inventory.views.desk import counts, shipments, stock

# A store's stock at its desk.
DESK = "desk/stores/<int:store_id>/stock/"

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
    path(DESK, stock.show_stock, name="desk-stock"),
    path(f"{DESK}styles/<str:code>/", stock.show_style, name="desk-stock-style"),
    path(f"{DESK}items/<int:variant_id>/", stock.show_item, name="desk-stock-item"),
    path(f"{DESK}items/<int:variant_id>/adjust/", stock.adjust_item, name="desk-stock-adjust"),
    path(f"{DESK}counts/", counts.show_counts, name="desk-counts"),
    path(f"{DESK}counts/plan/", counts.plan_count, name="desk-count-plan"),
    path(f"{DESK}counts/<str:number>/", counts.show_count, name="desk-count"),
    path(f"{DESK}counts/<str:number>/pieces/", counts.count_pieces, name="desk-count-pieces"),
    path(f"{DESK}counts/<str:number>/act/", counts.act_on_count, name="desk-count-act"),
    path(f"{DESK}shipments/", shipments.show_shipments, name="desk-shipments"),
    path(f"{DESK}shipments/new/", shipments.new_transfer, name="desk-shipment-new"),
    path(f"{DESK}shipments/<str:number>/", shipments.show_shipment, name="desk-shipment"),
    path(f"{DESK}shipments/<str:number>/pieces/", shipments.move_piece, name="desk-shipment-pieces"),
    path(f"{DESK}shipments/<str:number>/lines/", shipments.change_piece, name="desk-shipment-lines"),
    path(f"{DESK}shipments/<str:number>/act/", shipments.act_on_shipment, name="desk-shipment-act"),
    path(f"{DESK}shipments/<str:number>/close/", shipments.close_shipment, name="desk-shipment-close"),
]
