"""The audit of goods that come and go; see `inventory.sql` for its form."""

from inventory.sql import VERDICT

AUDIT_TRANSIT = (
    """
WITH owed AS (
    SELECT shipment.brand_id, line.variant_id,
        sum(greatest(line.quantity::bigint - line.received - line.written_off, 0)) AS units
    FROM inventory_shipmentline line JOIN inventory_shipment shipment ON shipment.id = line.shipment_id
    WHERE shipment.kind = 'transfer' AND shipment.status = ANY(%(receivable)s)
    GROUP BY shipment.brand_id, line.variant_id
), standing AS (
    SELECT store.brand_id, level.variant_id, level.on_hand AS units
    FROM inventory_stocklevel level JOIN stores_store store ON store.id = level.store_id
    WHERE store.kind = 'transit'
), judged AS (
    SELECT variant_id AS id, CASE WHEN coalesce(standing.units, 0) <> coalesce(owed.units, 0) THEN concat(
        'variant ', variant_id, ': ', coalesce(standing.units, 0), ' stand on the way, transfers say ',
        coalesce(owed.units, 0)
    ) END AS problem
    FROM owed FULL JOIN standing USING (brand_id, variant_id)
)
"""
    + VERDICT
)

AUDIT_RECEIPTS = (
    """
WITH booked AS (
    SELECT receipt.shipment_id, line.variant_id, sum(line.quantity) AS units, sum(line.damaged) AS damaged
    FROM inventory_receiptline line JOIN inventory_receipt receipt ON receipt.id = line.receipt_id
    WHERE receipt.status = 'booked'
    GROUP BY receipt.shipment_id, line.variant_id
), moved AS (
    -- A piece of a transfer leaves the way by a movement of its own, "receipt:<line>:out", which is no arrival.
    SELECT split_part(cause, ':', 2)::bigint AS line_id, sum(quantity) AS units
    FROM inventory_stockmovement
    WHERE kind IN ('receipt', 'transfer_in') AND cause LIKE 'receipt:%%'
    GROUP BY 1
), judged AS (
    SELECT line.id, CASE WHEN line.received <> coalesce(booked.units, 0) OR line.damaged <> coalesce(booked.damaged, 0)
        THEN concat(
            'shipment ', shipment.number, ', variant ', line.variant_id, ': ',
            line.received, ' received, receipts say ', coalesce(booked.units, 0)
        ) END AS problem
    FROM inventory_shipmentline line
    JOIN inventory_shipment shipment ON shipment.id = line.shipment_id
    LEFT JOIN booked ON booked.shipment_id = line.shipment_id AND booked.variant_id = line.variant_id
    UNION ALL
    SELECT line.id, CASE WHEN line.quantity <> coalesce(moved.units, 0) THEN concat(
        'receipt ', line.receipt_id, ', variant ', line.variant_id, ': ', line.quantity, ' received, ',
        coalesce(moved.units, 0), ' on the books'
    ) END
    FROM inventory_receiptline line
    JOIN inventory_receipt receipt ON receipt.id = line.receipt_id AND receipt.status = 'booked'
    LEFT JOIN moved ON moved.line_id = line.id
)
"""
    + VERDICT
)

AUDIT_LATE = (
    """
WITH judged AS (
    SELECT shipment.id, CASE
        WHEN shipment.due_at IS NULL THEN concat('transfer ', shipment.number, ' is due never')
        WHEN shipment.due_at < %(overdue)s AND shipment.overdue_at IS NULL
            THEN concat('transfer ', shipment.number, ' was to be received by ', shipment.due_at)
    END AS problem
    FROM inventory_shipment shipment
    WHERE shipment.kind = 'transfer' AND shipment.status = ANY(%(receivable)s)
)
"""
    + VERDICT
)
