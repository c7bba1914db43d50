"""Violations to plant in parcels that go by express."""

from tests.audit.planting import Plant
from tests.audit.plants import FULFILLMENT_DUE, HOLDS

EXPRESS_PLANTS = (
    Plant(
        "a parcel that waits for the van without a waybill",
        "UPDATE fulfillment_fulfillmentorder SET status = 'labelled' WHERE id = {accepted_share}",
        {FULFILLMENT_DUE},
        "without a waybill for each parcel",
    ),
    Plant(
        "a packed parcel whose waybill nobody asks for",
        """
        WITH gone AS (DELETE FROM fulfillment_delivery WHERE fulfillment_order_id = {accepted_share}),
        sent AS (
            UPDATE fulfillment_fulfillment SET way = 'express'
            WHERE id = (SELECT fulfillment_id FROM fulfillment_fulfillmentorder WHERE id = {accepted_share})
        ) UPDATE fulfillment_fulfillmentorder SET status = 'packed' WHERE id = {accepted_share}
        """,
        {FULFILLMENT_DUE},
        "no courier has it",
    ),
    Plant(
        "a parcel on the road that nobody would ever look for",
        """
        WITH sent AS (
            UPDATE fulfillment_fulfillment SET way = 'express'
            WHERE id = (SELECT fulfillment_id FROM fulfillment_fulfillmentorder WHERE id = {accepted_share})
        ) UPDATE fulfillment_fulfillmentorder SET status = 'handed_over', deadline_at = NULL WHERE id = {accepted_share}
        """,
        {FULFILLMENT_DUE, HOLDS},
        "is on the road by express, and was to be looked for at never",
    ),
)
