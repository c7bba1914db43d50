"""Violations to plant: what is spoilt behind everybody's back, which claims break by it, and what names the row."""

from tests.audit.planting import Plant, number, share

JOURNALS = "Journal entries balance"
MONEY = "Paid less refunded is prepaid plus recognised"
SALES = "Every sale is booked once, and credited"
CREDIT = "Credit sums to its rule"
ORPHANS = "Money that came too late goes back once"
PAID = "Every paid order is fulfilled, parked, refunded or on its way"
ADJUSTED = "What a line is cheaper by is what its offers take off"
SERVES = "Every fulfillment order serves an order that is not over"
MOVEMENTS = "Movements sum to what is on hand"
COUNTERS = "Held and allocated are the live reservations"
HOLDS = "Every hold and allocation has a live owner"
PROMISES = "Every promise of a store has its stock"
CAPACITY = "Capacity used is that of its orders"
FULFILLMENT_DUE = "No step of fulfillment is overdue"
ORDERS_DUE = "No step of orders is overdue"
TRY_ONS = "Goods to try on are held for live bookings"
TENDERS = "Every payment is for its orders, and has its slip"
EVENTS = "No event is parked or overdue"

PLANTS = (
    Plant(
        "a line too many",
        """
        INSERT INTO settlement_journalline (entry_id, account_id, debit_fen, credit_fen) SELECT entry_id,
        account_id, 1, 0 FROM settlement_journalline line JOIN settlement_journalentry entry ON entry.id =
        line.entry_id WHERE line.credit_fen > 0 AND entry.cause LIKE 'recognition:%' LIMIT 1
        """,
        {JOURNALS, SALES},
        "(recognition:",
    ),
    Plant(
        "an entry without lines",
        """
        INSERT INTO settlement_journalentry (brand_id, cause, business_on, booked_at, memo) SELECT brand_id,
        'from:nowhere', business_on, booked_at, '' FROM settlement_journalentry LIMIT 1
        """,
        {JOURNALS},
        "(from:nowhere): 0 lines",
    ),
    Plant(
        "a payment booked short",
        """
        UPDATE settlement_journalline SET debit_fen = debit_fen - (debit_fen > 0)::int, credit_fen = credit_fen
        - (credit_fen > 0)::int WHERE entry_id = (SELECT id FROM settlement_journalentry WHERE order_id =
        {delivered} AND cause LIKE 'payment:%')
        """,
        {MONEY},
        number("delivered"),
    ),
    Plant(
        "a payment worth more than its money",
        "UPDATE orders_intentallocation SET amount_fen = amount_fen + 1 WHERE order_id = {delivered}",
        {MONEY, PAID, TENDERS},
        number("delivered"),
    ),
    Plant(
        "a refund that was never booked",
        "DELETE FROM settlement_journalentry WHERE order_id = {cancelled} AND cause LIKE 'refund:%'",
        {MONEY},
        number("cancelled"),
    ),
    Plant(
        "a sale that was never booked",
        "DELETE FROM settlement_journalentry WHERE order_id = {delivered} AND cause LIKE 'recognition:%'",
        {SALES, MONEY},
        "no journal entry",
    ),
    Plant(
        "a line cheaper than its offers say",
        "UPDATE orders_lineadjustment SET amount_fen = amount_fen - 1, funders = '[[\"brand\", 1000]]'",
        {ADJUSTED},
        "1001 fen off, adjustments of 1000",
    ),
    Plant(
        "an adjustment that nobody bears",
        "UPDATE orders_lineadjustment SET funders = '[[\"mall\", 601]]'",
        {ADJUSTED},
        "1001 fen off, borne 601",
    ),
    Plant(
        "a sale of which others bear more than they said",
        """
        UPDATE orders_recognition SET funding = '{{\"mall\": 602}}' WHERE order_id = {discounted} AND
        order_line_id IS NOT NULL
        """,
        {ADJUSTED, SALES, CREDIT},
        number("discounted"),
    ),
    Plant(
        "a sale without credit",
        """
        DELETE FROM settlement_creditentry WHERE recognition_id IN (SELECT id FROM orders_recognition WHERE
        order_id = {delivered})
        """,
        {SALES},
        "no credit",
    ),
    Plant(
        "a fen of credit too much",
        "UPDATE settlement_creditentry SET amount_fen = amount_fen + 1 WHERE role = 'fulfilling'",
        {CREDIT},
        "1000000 ppm",
    ),
    Plant(
        "half of the credit gone",
        "DELETE FROM settlement_creditentry WHERE role = 'fulfilling'",
        {CREDIT},
        "500000 ppm",
    ),
    Plant(
        "shares that no rule says",
        "UPDATE settlement_ruleversion SET params = jsonb_set(params, '{{online,channel}}', '1')",
        {CREDIT},
        "differs from its rule",
    ),
    Plant(
        "an orphan that nobody refunds",
        "DELETE FROM orders_refund WHERE intent_id = {orphan}",
        {ORPHANS, TENDERS},
        lambda history: history.orphan.out_trade_no,
    ),
    Plant(
        "an orphan that is said to be refunded",
        """
        UPDATE orders_refund SET status = 'processing', next_attempt_at = '2026-03-16 04:10+00' WHERE intent_id
        = {orphan}
        """,
        {ORPHANS},
        "is orphan_refunded, and 0 fen went back",
    ),
    Plant(
        "an orphan that the ledger still owes",
        "DELETE FROM settlement_journalentry WHERE cause LIKE 'orphan_refund:%'",
        {ORPHANS},
        "the ledger owes",
    ),
    Plant(
        "units of a paid order that nobody has",
        "DELETE FROM fulfillment_fulfillmentorderline WHERE fulfillment_order_id = {accepted_share}",
        {PAID, HOLDS},
        number("accepted"),
    ),
    Plant(
        "units both sold and cancelled",
        "UPDATE orders_orderline SET cancelled_quantity = 1 WHERE order_id = {delivered}",
        {PAID},
        number("delivered"),
    ),
    Plant(
        "a cancelled order that nobody refunds",
        "DELETE FROM orders_refund WHERE order_id = {cancelled}",
        {PAID, MONEY, TENDERS},
        number("cancelled"),
    ),
    Plant(
        "an order that ended with its goods on the way",
        "UPDATE orders_order SET status = 'completed', due_at = NULL WHERE id = {accepted}",
        {PAID, SERVES},
        number("accepted"),
    ),
    Plant(
        "goods held for an expired order",
        "UPDATE orders_order SET status = 'expired', due_at = NULL WHERE id = {placed}",
        {SERVES},
        share("placed"),
    ),
    Plant(
        "goods held for no order",
        "UPDATE orders_order SET fulfillment_id = -1 WHERE id = {placed}",
        {SERVES},
        share("placed"),
    ),
    Plant(
        "goods given out before they are paid",
        """
        UPDATE orders_order SET status = 'placed', paid_at = NULL, due_at = '2026-03-16 04:20+00' WHERE id =
        {offered}
        """,
        {SERVES},
        share("offered"),
    ),
    Plant(
        "a unit that appeared",
        """
        UPDATE inventory_stocklevel SET on_hand = on_hand + 1 WHERE id = (SELECT min(id) FROM
        inventory_stocklevel)
        """,
        {MOVEMENTS},
        "on hand, movements sum to",
    ),
    Plant(
        "a movement that vanished",
        "DELETE FROM inventory_stockmovement WHERE kind = 'sale'",
        {MOVEMENTS},
        "on hand, movements sum to 11",
    ),
    Plant(
        "a unit held for nobody",
        "UPDATE inventory_stocklevel SET held = held + 1 WHERE id = (SELECT min(id) FROM inventory_stocklevel)",
        {COUNTERS},
        "reservations",
    ),
    Plant(
        "a unit allocated twice",
        "UPDATE inventory_stocklevel SET allocated = allocated - 1 WHERE allocated > 0",
        {COUNTERS},
        "and allocated 0",
    ),
    Plant(
        "a reservation without an owner",
        """
        UPDATE fulfillment_fulfillmentorderline SET reservation_id = NULL WHERE fulfillment_order_id =
        {placed_share}
        """,
        {HOLDS},
        "nobody holds it",
    ),
    Plant(
        "a reservation whose owner is gone",
        "UPDATE fulfillment_fulfillmentorder SET status = 'cancelled' WHERE id = {placed_share}",
        {HOLDS},
        share("placed"),
    ),
    Plant(
        "a reservation of other goods than promised",
        """
        UPDATE fulfillment_fulfillmentorderline SET quantity = quantity + 1 WHERE fulfillment_order_id =
        {placed_share}
        """,
        {HOLDS},
        share("placed"),
    ),
    Plant(
        "a promise whose goods were given away",
        """
        WITH freed AS (UPDATE inventory_reservation SET status = 'released' WHERE owner =
        'fulfillment_order:{accepted_share}' RETURNING level_id, quantity) UPDATE inventory_stocklevel level SET
        allocated = level.allocated - freed.quantity FROM freed WHERE level.id = freed.level_id
        """,
        {PROMISES},
        share("accepted"),
    ),
    Plant(
        "a place used by nobody",
        "UPDATE stores_storecapacity SET used = used + 1 WHERE id = (SELECT min(id) FROM stores_storecapacity)",
        {CAPACITY},
        "places used by",
    ),
    Plant(
        "a place that is not counted",
        "DELETE FROM stores_storecapacity WHERE used > 0",
        {CAPACITY},
        ": 0 places used by",
    ),
    Plant(
        "an offer that nobody takes back",
        "UPDATE fulfillment_fulfillmentorder SET deadline_at = '2026-03-16 03:00+00' WHERE id = {offered_share}",
        {FULFILLMENT_DUE},
        share("offered"),
    ),
    Plant(
        "a routing that nobody does",
        """
        UPDATE fulfillment_fulfillmentorder SET status = 'pending_routing', route_due_at = '2026-03-16 03:00+00'
        WHERE id = {offered_share}
        """,
        {FULFILLMENT_DUE},
        share("offered"),
    ),
    Plant(
        "a routing that fails every time",
        """
        UPDATE fulfillment_fulfillmentorder SET status = 'pending_routing', route_due_at = '2026-03-16 05:00+00',
        failures = 6 WHERE id = {offered_share}
        """,
        {FULFILLMENT_DUE},
        "failed 6 times",
    ),
    Plant(
        "a store that may prepare for ever",
        "UPDATE fulfillment_fulfillmentorder SET deadline_at = NULL WHERE id = {accepted_share}",
        {FULFILLMENT_DUE},
        "(accepted) was to be seen to by never",
    ),
    Plant(
        "a silent store that nobody reports",
        "UPDATE fulfillment_fulfillmentorder SET deadline_at = '2026-03-16 03:00+00' WHERE id = {accepted_share}",
        {FULFILLMENT_DUE},
        share("accepted"),
    ),
    Plant(
        "a wish to cancel that is never answered",
        """
        UPDATE fulfillment_fulfillmentorder SET status = 'cancel_requested', deadline_at = NULL WHERE id =
        {accepted_share}
        """,
        {FULFILLMENT_DUE},
        "(cancel_requested) was to be seen to by never",
    ),
    Plant(
        "a collection that is packed and not ready",
        """
        WITH way AS (UPDATE fulfillment_fulfillment demand SET way = 'pickup' FROM fulfillment_fulfillmentorder share
        WHERE share.id = {accepted_share} AND share.fulfillment_id = demand.id) UPDATE fulfillment_fulfillmentorder
        SET status = 'packed' WHERE id = {accepted_share}
        """,
        {FULFILLMENT_DUE},
        "is packed, and waits for nobody",
    ),
    Plant(
        "a courier company that refuses again and again",
        """
        UPDATE fulfillment_delivery SET attempts = 6, next_attempt_at = '2026-03-16 05:00+00', last_error = 'refused:
        no' WHERE fulfillment_order_id = {accepted_share}
        """,
        {FULFILLMENT_DUE},
        "no courier comes, request 1, 6 attempts: refused",
    ),
    Plant(
        "couriers that give up again and again",
        "UPDATE fulfillment_delivery SET attempt = 7 WHERE fulfillment_order_id = {accepted_share}",
        {FULFILLMENT_DUE},
        "no courier comes, request 7",
    ),
    Plant(
        "a store that prepares for no courier",
        "UPDATE fulfillment_delivery SET state = 'cancelled' WHERE fulfillment_order_id = {accepted_share}",
        {FULFILLMENT_DUE},
        "is accepted, and no courier has it",
    ),
    Plant(
        "a courier whom nobody calls",
        "UPDATE fulfillment_delivery SET next_attempt_at = NULL WHERE fulfillment_order_id = {accepted_share}",
        {FULFILLMENT_DUE},
        share("accepted"),
    ),
    Plant(
        "goods that wait for no courier",
        """
        WITH gone AS (DELETE FROM fulfillment_delivery WHERE fulfillment_order_id = {accepted_share}) UPDATE
        fulfillment_fulfillmentorder SET status = 'awaiting_courier' WHERE id = {accepted_share}
        """,
        {FULFILLMENT_DUE},
        "no courier has it",
    ),
    Plant(
        "an unpaid order that never expires",
        "UPDATE orders_order SET due_at = NULL WHERE id = {placed}",
        {ORDERS_DUE},
        number("placed"),
    ),
    Plant(
        "an expiry that nobody does",
        "UPDATE orders_order SET due_at = '2026-03-16 03:00+00' WHERE id = {placed}",
        {ORDERS_DUE},
        number("placed"),
    ),
    Plant(
        "an expiry that fails every time",
        "UPDATE orders_order SET attempts = 6 WHERE id = {placed}",
        {ORDERS_DUE},
        number("placed"),
    ),
    Plant(
        "an ending that no payment wakes",
        "UPDATE orders_order SET due_at = NULL, ending_as = 'expired' WHERE id = {placed}",
        {ORDERS_DUE},
        "and waits for no payment",
    ),
    Plant(
        "a parked order that nobody decides about",
        """
        WITH freed AS (UPDATE inventory_reservation SET status = 'released' WHERE owner =
        'fulfillment_order:{offered_share}' RETURNING level_id, quantity), place AS (UPDATE stores_storecapacity
        capacity SET used = used - 1 FROM fulfillment_fulfillmentorder share WHERE share.id = {offered_share} AND
        share.store_id = capacity.store_id AND share.capacity_on = capacity.on_date), parked AS (UPDATE
        fulfillment_fulfillmentorder SET status = 'unfillable', store_id = NULL, capacity_on = NULL WHERE id =
        {offered_share}) UPDATE inventory_stocklevel level SET allocated = level.allocated - freed.quantity FROM
        freed WHERE level.id = freed.level_id
        """,
        {ORDERS_DUE},
        "is parked, and nobody is ever to decide",
    ),
    Plant(
        "a refund that nobody sends",
        "UPDATE orders_refund SET status = 'requested', next_attempt_at = NULL WHERE order_id = {cancelled}",
        {ORDERS_DUE, MONEY},
        "(requested) was to be looked at: never",
    ),
    Plant(
        "a payment that nobody asks about",
        """
        UPDATE orders_paymentintent SET status = 'pending', next_attempt_at = '2026-03-16 03:00+00' WHERE id =
        (SELECT intent_id FROM orders_intentallocation WHERE order_id = {offered})
        """,
        {ORDERS_DUE, MONEY, PAID},
        "(pending) was to be looked at",
    ),
    Plant(
        "a payment that cannot be asked about",
        """
        UPDATE orders_paymentintent SET status = 'pending', next_attempt_at = '2026-03-16 05:00+00', failures = 6
        WHERE id = (SELECT intent_id FROM orders_intentallocation WHERE order_id = {offered})
        """,
        {ORDERS_DUE, MONEY, PAID},
        ", 6 failures",
    ),
    Plant(
        "a booking that never ends",
        "UPDATE orders_tryon SET due_at = '2026-03-16 03:00+00' WHERE id = {try_on}",
        {ORDERS_DUE},
        number("try_on"),
    ),
    Plant(
        "a booking whose end fails every time",
        "UPDATE orders_tryon SET attempts = 6 WHERE id = {try_on}",
        {ORDERS_DUE},
        ", 6 attempts",
    ),
    Plant(
        "goods held for a booking that is over",
        """
        UPDATE orders_tryon SET finished_at = '2026-03-16 04:00+00', due_at = NULL, status = 'declined' WHERE id =
        {try_on}
        """,
        {TRY_ONS},
        number("try_on"),
    ),
    Plant(
        "goods held for no booking",
        "UPDATE orders_tryon SET fulfillment_id = -2 WHERE id = {try_on}",
        {TRY_ONS},
        "is for no booking",
    ),
    Plant(
        "a place of a half-hour taken by nobody",
        "UPDATE stores_storeslot SET used = used + 1",
        {TRY_ONS},
        "2 places taken by 1 bookings",
    ),
    Plant(
        "goods that hang ready for ever",
        """
        UPDATE fulfillment_fulfillmentorder share SET deadline_at = NULL FROM orders_tryon booking WHERE booking.id =
        {try_on} AND share.fulfillment_id = booking.fulfillment_id
        """,
        {FULFILLMENT_DUE},
        "was to be collected by never",
    ),
    Plant(
        "an event that is parked",
        """
        UPDATE kernel_eventdelivery SET state = 'parked' WHERE id = (SELECT max(id) FROM kernel_eventdelivery
        WHERE subscriber = 'settlement.book_sale')
        """,
        {EVENTS},
        "to settlement.book_sale: parked",
    ),
    Plant(
        "an event that nobody delivers",
        """
        UPDATE kernel_eventdelivery SET state = 'pending', due_at = '2026-03-16 03:00+00' WHERE id = (SELECT
        max(id) FROM kernel_eventdelivery WHERE subscriber = 'orders.start_processing')
        """,
        {EVENTS},
        "to orders.start_processing: pending",
    ),
    Plant(
        "an event that fails for days",
        """
        WITH old AS (UPDATE kernel_event SET created_at = '2026-03-14 04:00+00' WHERE name = 'orders.OrderCompleted'
        RETURNING id) INSERT INTO kernel_eventdelivery (event_id, subscriber, entity, state, attempts, due_at, error)
        SELECT id, 'test.slow', 'order_id:1', 'pending', 9, '2026-03-16 05:00+00', '' FROM old
        """,
        {EVENTS},
        "to test.slow: pending, 9 attempts",
    ),
)
