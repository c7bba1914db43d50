"""The statements that read facts of the apps below in one go."""

SALE_FACTS = """
SELECT recognition.id, recognition.order_id, sale.brand_id, recognition.amount_fen, recognition.business_on,
    sale.channel, recognition.charge_id IS NOT NULL, recognition.fulfilling_store_id,
    coalesce(line.selling_store_id, guide.store_id), line.guide_id, member.home_store_id
FROM orders_recognition recognition
JOIN orders_order sale ON sale.id = recognition.order_id
LEFT JOIN orders_orderline line ON line.id = recognition.order_line_id
LEFT JOIN stores_staff guide ON guide.id = line.guide_id
LEFT JOIN members_member member ON member.id = sale.member_id
WHERE recognition.id = %s
"""

INTENT_FACTS = "SELECT brand_id, method FROM orders_paymentintent WHERE id = %s"

REFUND_FACTS = """
SELECT intent.brand_id, intent.method
FROM orders_refund refund JOIN orders_paymentintent intent ON intent.id = refund.intent_id
WHERE refund.id = %s
"""
