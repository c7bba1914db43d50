from django.urls import path

from members.views import arrivals, hq, offers, profile, reviews, shop

app_name = "members"
urlpatterns = [
    path("products/<slug:brand_code>/<str:code>/reviews/", reviews.show_reviews, name="product-reviews"),
    path("reviews/<slug:key>.jpg", reviews.show_photo, name="review-photo"),
    path("arrival/", arrivals.subscribe, name="arrival"),
    path("arrival/<str:token>/", arrivals.show_notice, name="arrival-notice"),
    path("me/profile/", shop.change_profile, name="profile"),
    path("me/addresses/", shop.list_addresses, name="addresses"),
    path("me/addresses/add/", shop.add_address, name="address-add"),
    path("me/addresses/<int:address_id>/", shop.change_address, name="address"),
    path("me/addresses/<int:address_id>/prefer/", shop.prefer_address, name="address-prefer"),
    path("me/addresses/<int:address_id>/delete/", shop.delete_address, name="address-delete"),
    path("me/join/<slug:brand_code>/", shop.join_brand, name="join"),
    path("me/coupons/", offers.list_coupons, name="coupons"),
    path("me/coupons/code/", offers.claim_code, name="coupon-code"),
    path("me/coupons/claim/<int:template_id>/", offers.claim_coupon, name="coupon-claim"),
    path("me/coupons/<str:coupon_code>/", offers.show_coupon, name="coupon"),
    path("me/points/", offers.list_points, name="points"),
    path("me/points/<slug:brand_code>/", offers.show_points, name="points-brand"),
    path("hq/offers/", hq.list_offers, name="hq-offers"),
    path("hq/offers/<slug:kind>/", hq.add_offer, name="hq-offer-add"),
    path("hq/offers/<slug:kind>/<int:offer_id>/", hq.change_offer, name="hq-offer"),
    path("hq/offers/<slug:kind>/<int:offer_id>/start/", hq.start_offer, name="hq-offer-start"),
    path("hq/offers/<slug:kind>/<int:offer_id>/stop/", hq.stop_offer, name="hq-offer-stop"),
    path("hq/coupons/<int:template_id>/issue/", hq.issue_coupon, name="hq-coupon-issue"),
    path("me/consent/", profile.change_consent, name="consent"),
    path("me/sizes/", profile.change_sizes, name="sizes"),
    path("me/wishes/", profile.list_wishes, name="wishes"),
    path("me/wishes/add/", profile.add_wish, name="wish-add"),
    path("me/wishes/<int:wish_id>/remove/", profile.remove_wish, name="wish-remove"),
    path("me/code/<slug:brand_code>/", profile.show_code, name="code"),
]
