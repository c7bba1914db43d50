from django.urls import path

from orders import api
from orders.views import checkout, desk, feedback, invoices, returning, shop, tracking, try_ons

app_name = "orders"
urlpatterns = [
    path("basket/", shop.show_basket, name="basket"),
    path("basket/add/", shop.add_to_basket, name="basket-add"),
    path("basket/count/", shop.show_basket_count, name="basket-count"),
    path("basket/change/", shop.change_basket, name="basket-change"),
    path("checkout/<slug:brand_code>/", checkout.show_checkout, name="checkout"),
    path("checkout/<slug:brand_code>/bill/", checkout.show_bill, name="checkout-bill"),
    path("orders/", shop.list_orders, name="mine"),
    path("orders/<str:number>/", shop.show_order, name="track"),
    path("orders/<str:number>/status/", shop.show_order_status, name="status"),
    path("orders/<str:number>/cancel/", shop.cancel_order, name="cancel"),
    path("orders/<str:number>/pickup/<str:share>.svg", tracking.show_pickup_qr, name="pickup-qr"),
    path("invoices/", invoices.list_invoices, name="invoices"),
    path("orders/<str:number>/invoice/", invoices.show_invoice, name="invoice-new"),
    path("orders/<str:number>/feedback/", feedback.give_feedback, name="feedback-new"),
    path("orders/<str:number>/feedback/<slug:key>.jpg", feedback.show_own_photo, name="feedback-photo"),
    path("orders/<str:number>/pay/", shop.show_payment, name="pay"),
    path("orders/<str:number>/payment/", shop.show_payment_status, name="payment"),
    path("orders/<str:number>/pay/qr.svg", shop.show_qr, name="qr"),
    path("try-on/", try_ons.new_try_on, name="try-on-new"),
    path("try-ons/", try_ons.list_try_ons, name="try-ons"),
    path("try-ons/<str:number>/", try_ons.show_try_on, name="try-on"),
    path("try-ons/<str:number>/code.svg", try_ons.show_try_on_qr, name="try-on-qr"),
    path("try-ons/<str:number>/cancel/", try_ons.cancel_try_on, name="try-on-cancel"),
    path("orders/<str:number>/return/", returning.ask_for_return, name="return-new"),
    path("returns/", returning.list_returns, name="returns"),
    path("returns/<str:number>/", returning.show_return, name="return"),
    path("returns/<str:number>/status/", returning.show_return_status, name="return-status"),
    path("returns/<str:number>/code.svg", returning.show_return_qr, name="return-qr"),
    path("returns/<str:number>/cancel/", returning.cancel_return, name="return-cancel"),
    path("desk/returns/", desk.list_returns, name="desk-returns"),
    path("desk/returns/<str:number>/", desk.show_return, name="desk-return"),
    path("desk/returns/<str:number>/receive/", desk.receive_return, name="desk-return-receive"),
    path("desk/returns/<str:number>/inspect/", desk.inspect_return, name="desk-return-inspect"),
    path("desk/returns/<str:number>/refuse/", desk.refuse_return, name="desk-return-refuse"),
    path("callbacks/wechat/", api.receive_wechat_notice, name="wechat-notice"),
]
