from django.urls import path
from django.views.generic import RedirectView

from omni.pages import wechat
from omni.pages.views import account, app, care, data, desk, desk_app, hq, security, shop

# Under the names that allauth redirects to, outside this app's namespace.
sign_in_patterns = [
    path("", shop.request_code, name="account_request_login_code"),
    path("code/", shop.confirm_code, name="account_confirm_login_code"),
    path("wechat/", security.sign_in_by_wechat, name="wechat_sign_in"),
    path("wechat/callback/", wechat.come_back, name="weixin_callback"),
    path("passkey/", security.sign_in_by_passkey, name="passkey_sign_in"),
    path("passkey/question/", security.begin_passkey_sign_in, name="passkey_question"),
]

app_name = "pages"
urlpatterns = [
    path("manifest.webmanifest", app.show_manifest, name="manifest"),
    path("worker.js", app.show_worker, name="worker"),
    path("offline/", app.show_offline, name="offline"),
    path("favicon.ico", RedirectView.as_view(url="/static/favicon.ico", permanent=True)),
    path("me/", shop.show_account, name="account"),
    path("me/wishes/<int:wish_id>/to-basket/", account.move_wish_to_basket, name="wish-to-basket"),
    path("me/again/", security.ask_again, name="again"),
    path("me/again/code/", security.confirm_again, name="again-code"),
    path("me/again/passkey/", security.prove_by_passkey, name="again-passkey"),
    path("me/security/", security.show_security, name="security"),
    path("me/security/passkeys/question/", security.begin_adding_passkey, name="passkey-question"),
    path("me/security/passkeys/add/", security.add_passkey, name="passkey-add"),
    path("me/security/passkeys/<int:passkey_id>/rename/", security.rename_passkey, name="passkey-rename"),
    path("me/security/passkeys/<int:passkey_id>/remove/", security.remove_passkey, name="passkey-remove"),
    path("me/security/wechat/link/", security.link_wechat, name="wechat-link"),
    path("me/security/wechat/<int:link_id>/unlink/", security.unlink_wechat, name="wechat-unlink"),
    path("me/data/", data.show_data, name="data"),
    path("me/data/copy/", data.request_export, name="data-copy"),
    path("me/data/copy/<str:number>/", data.fetch_export, name="data-fetch"),
    path("me/data/erase/", data.request_erasure, name="erasure"),
    path("me/data/erase/withdraw/", data.withdraw_erasure, name="erasure-withdraw"),
    path("desk/stores/<int:store_id>/members/", care.list_members, name="desk-members"),
    path("desk/stores/<int:store_id>/members/<str:number>/", care.show_member, name="desk-member"),
    path("desk/stores/<int:store_id>/members/<str:number>/guide/", care.bind_guide, name="desk-member-guide"),
    path("desk/stores/<int:store_id>/members/<str:number>/notes/", care.add_note, name="desk-member-note"),
    path("desk/stores/<int:store_id>/members/<str:number>/plans/", care.add_follow_up, name="desk-member-plan"),
    path(
        "desk/stores/<int:store_id>/members/<str:number>/plans/<int:follow_up_id>/done/",
        care.finish_follow_up,
        name="desk-member-plan-done",
    ),
    path("desk/stores/<int:store_id>/members/<str:number>/phone/", care.reveal_phone, name="desk-member-phone"),
    path("desk/stores/<int:store_id>/members/<str:number>/consent/", care.change_consent, name="desk-member-consent"),
    path("desk/stores/<int:store_id>/numbers/", desk.show_numbers, name="desk-numbers"),
    path("desk/manifest.webmanifest", desk_app.show_manifest, name="desk-manifest"),
    path("desk/worker.js", desk_app.show_worker, name="desk-worker"),
    path("desk/offline/", desk_app.show_offline, name="desk-offline"),
    path("desk/token/", desk_app.show_token, name="desk-token"),
    path("desk/stores/<int:store_id>/scan/", desk.scan_anything, name="desk-scan"),
    path("desk/stores/<int:store_id>/causes/<str:cause>/", desk.show_cause, name="desk-cause"),
    path("hq/", RedirectView.as_view(pattern_name="pages:hq-orders"), name="hq"),
    path("hq/orders/", hq.list_orders, name="hq-orders"),
    path("hq/orders/<str:number>/", hq.show_order, name="hq-order"),
    path("hq/network/", hq.show_network, name="hq-network"),
]
