from django.urls import path

from members.views import shop

app_name = "members"
urlpatterns = [
    path("me/profile/", shop.change_profile, name="profile"),
    path("me/addresses/", shop.list_addresses, name="addresses"),
    path("me/addresses/add/", shop.add_address, name="address-add"),
    path("me/addresses/<int:address_id>/", shop.change_address, name="address"),
    path("me/addresses/<int:address_id>/prefer/", shop.prefer_address, name="address-prefer"),
    path("me/addresses/<int:address_id>/delete/", shop.delete_address, name="address-delete"),
    path("me/join/<slug:brand_code>/", shop.join_brand, name="join"),
]
