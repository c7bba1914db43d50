"""Reads of fulfillment."""

from fulfillment.queries.audit import audit_capacity, audit_due_rows, audit_holds, audit_promises
from fulfillment.queries.desk import (
    ParcelView,
    Queue,
    Tab,
    TaskCard,
    TaskLine,
    TaskPage,
    get_managed_store,
    get_managed_task,
    get_task_for,
    load_queue,
    load_task,
    number_of,
    tasks_visible_to,
)
from fulfillment.queries.escalations import EscalationView, Overdue, Told, load_escalations, overdue_cause, overdue_kind
from fulfillment.queries.explain import DecisionView, ReasonLine, explain_decisions
from fulfillment.queries.figures import TaskFigures, task_figures
from fulfillment.queries.labels import Label, load_labels
from fulfillment.queries.nearest import NearestStore, PickupStore, nearest_stores, pickup_stores, sendable
from fulfillment.queries.network import open_tasks_by_store, overdue_tasks
from fulfillment.queries.preview import PlannedStore, PlanPreview, preview_plan, preview_sending, sending_ways
from fulfillment.queries.scans import (
    Scan,
    looks_like_pickup,
    parcel_text,
    pickup_text,
    read_parcel_text,
    read_pickup_text,
)
from fulfillment.queries.searches import OtherStore, other_stores, reassignable
from fulfillment.queries.van import WaitingParcel, get_parcel_for, waiting_parcels
from fulfillment.queries.waves import (
    OpenWave,
    WavePage,
    WavePart,
    WaveRow,
    get_wave_for,
    load_pickable,
    load_wave,
    open_waves,
    variant_of_line,
)
from fulfillment.rules import DemandLine

__all__ = [
    "DecisionView",
    "DemandLine",
    "EscalationView",
    "Label",
    "NearestStore",
    "OpenWave",
    "OtherStore",
    "Overdue",
    "ParcelView",
    "PickupStore",
    "PlanPreview",
    "PlannedStore",
    "Queue",
    "ReasonLine",
    "Scan",
    "Tab",
    "TaskCard",
    "TaskFigures",
    "TaskLine",
    "TaskPage",
    "Told",
    "WaitingParcel",
    "WavePage",
    "WavePart",
    "WaveRow",
    "audit_capacity",
    "audit_due_rows",
    "audit_holds",
    "audit_promises",
    "explain_decisions",
    "get_managed_store",
    "get_managed_task",
    "get_parcel_for",
    "get_task_for",
    "get_wave_for",
    "load_escalations",
    "load_labels",
    "load_pickable",
    "load_queue",
    "load_task",
    "load_wave",
    "looks_like_pickup",
    "nearest_stores",
    "number_of",
    "open_tasks_by_store",
    "open_waves",
    "other_stores",
    "overdue_cause",
    "overdue_kind",
    "overdue_tasks",
    "parcel_text",
    "pickup_stores",
    "pickup_text",
    "preview_plan",
    "preview_sending",
    "read_parcel_text",
    "read_pickup_text",
    "reassignable",
    "sendable",
    "sending_ways",
    "task_figures",
    "tasks_visible_to",
    "variant_of_line",
    "waiting_parcels",
]
