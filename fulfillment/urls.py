from django.urls import path

from fulfillment import api
from fulfillment.views import desk, giving_back, parcels, waves

app_name = "fulfillment"
urlpatterns = [
    path("callbacks/courier/", api.receive_courier_callback, name="courier-callback"),
    path("callbacks/express/", api.receive_express_callback, name="express-callback"),
    path("desk/", desk.show_start, name="desk"),
    path("desk/stores/<int:store_id>/", desk.show_queue, name="desk-queue"),
    path("desk/stores/<int:store_id>/wave/", waves.choose_tasks, name="desk-wave"),
    path("desk/stores/<int:store_id>/escalations/", giving_back.show_escalations, name="desk-escalations"),
    path("desk/stores/<int:store_id>/van/", parcels.show_van, name="desk-van"),
    path("desk/stores/<int:store_id>/van/scan/", parcels.hand_to_van, name="desk-van-scan"),
    path("desk/waves/<str:number>/", waves.show_wave, name="desk-wave-list"),
    path("desk/waves/<str:number>/scan/", waves.scan_unit, name="desk-wave-scan"),
    path("desk/waves/<str:number>/pick/", waves.pick_by_hand, name="desk-wave-pick"),
    path("desk/waves/<str:number>/put-back/", waves.put_back_unit, name="desk-wave-put-back"),
    path("desk/waves/<str:number>/bin/", waves.move_bin, name="desk-wave-bin"),
    path("desk/waves/<str:number>/finish/", waves.finish_wave, name="desk-wave-finish"),
    path("desk/tasks/<str:number>/", desk.show_task, name="desk-task"),
    path("desk/tasks/<str:number>/accept/", desk.accept_task, name="desk-accept"),
    path("desk/tasks/<str:number>/reject/", desk.reject_task, name="desk-reject"),
    path("desk/tasks/<str:number>/give-back/", giving_back.give_back, name="desk-give-back"),
    path("desk/tasks/<str:number>/reassign/", giving_back.reassign, name="desk-reassign"),
    path("desk/tasks/<str:number>/label/", parcels.show_label, name="desk-label"),
    path("desk/tasks/<str:number>/parcels/", parcels.scan_parcel, name="desk-parcels"),
    path("desk/tasks/<str:number>/pick/", desk.start_picking, name="desk-pick"),
    path("desk/tasks/<str:number>/pack/", desk.pack_task, name="desk-pack"),
    path("desk/tasks/<str:number>/hand-over/", desk.hand_over_task, name="desk-hand-over"),
    path("desk/tasks/<str:number>/collect/", desk.collect_task, name="desk-collect"),
    path("desk/tasks/<str:number>/answer/", desk.answer_cancel, name="desk-answer"),
    path("desk/tasks/<str:number>/returned/", desk.confirm_return, name="desk-returned"),
    path("desk/tasks/<str:number>/lost/", desk.report_lost, name="desk-lost"),
    path("desk/tasks/<str:number>/arrived/", desk.confirm_arrival, name="desk-arrived"),
    path("desk/tasks/<str:number>/restock/", desk.restock_task, name="desk-restock"),
]
