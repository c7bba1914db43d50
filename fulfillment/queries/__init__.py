"""Reads of fulfillment."""

from fulfillment.queries.audit import audit_capacity, audit_due_rows, audit_holds, audit_promises
from fulfillment.queries.desk import (
    Queue,
    Tab,
    TaskCard,
    TaskLine,
    TaskPage,
    desk_stores,
    get_desk_store,
    get_task_for,
    load_queue,
    load_task,
    number_of,
    tasks_visible_to,
)
from fulfillment.queries.explain import DecisionView, ReasonLine, explain_decisions
from fulfillment.queries.figures import TaskFigures, task_figures
from fulfillment.queries.nearest import NearestStore, PickupStore, nearest_stores, pickup_stores
from fulfillment.queries.network import open_tasks_by_store, overdue_tasks
from fulfillment.queries.preview import PlannedStore, PlanPreview, preview_plan
from fulfillment.queries.scans import Scan, pickup_text, read_pickup_text
from fulfillment.rules import DemandLine

__all__ = [
    "DecisionView",
    "DemandLine",
    "NearestStore",
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
    "audit_capacity",
    "audit_due_rows",
    "audit_holds",
    "audit_promises",
    "desk_stores",
    "explain_decisions",
    "get_desk_store",
    "get_task_for",
    "load_queue",
    "load_task",
    "nearest_stores",
    "number_of",
    "open_tasks_by_store",
    "overdue_tasks",
    "pickup_stores",
    "pickup_text",
    "preview_plan",
    "read_pickup_text",
    "task_figures",
    "tasks_visible_to",
]
