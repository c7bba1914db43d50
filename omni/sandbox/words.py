"""What people read on the pages: Chinese first, English beside it."""

TRADE_WORDS = {
    "NOTPAY": "待支付 unpaid",
    "SUCCESS": "已支付 paid",
    "REFUND": "有退款 refunded",
    "CLOSED": "已关闭 closed",
}
REFUND_WORDS = {
    "PROCESSING": "退款处理中 processing",
    "SUCCESS": "退款成功 refunded",
    "ABNORMAL": "退款异常 abnormal",
    "CLOSED": "退款关闭 closed",
}
NOTICE_WORDS = {
    "pending": "通知中 notifying",
    "done": "已通知 notified",
    "given_up": "通知失败 gave up",
}
STATE_WORDS = {
    "CREATED": "已下单 created",
    "DISPATCHING": "派单中 dispatching",
    "ASSIGNED": "骑手赶来 assigned",
    "AT_STORE": "已到店 at the store",
    "PICKED_UP": "已取货 picked up",
    "IN_TRANSIT": "配送中 in transit",
    "DELIVERED": "已送达 delivered",
    "EXCEPTION": "配送异常 exception",
    "RETURNING": "退回中 returning",
    "RETURNED": "已退回 returned",
    "RETURN_CONFIRMED": "退回已确认 return confirmed",
    "LOST": "丢失 lost",
    "CANCELLED": "已取消 cancelled",
    "CREATE_FAILED": "无运力 no courier",
}
FAULT_WORDS = {
    "drop_notify": "通知丢失 notification lost",
    "duplicate_notify": "通知重复 sent n times",
    "delay_notify": "通知延迟（秒） delayed, s",
    "forge_signature": "伪造签名 forged signature",
    "unknown_serial": "未知公钥 unknown key",
    "stale_timestamp": "过期时间戳 31 min old",
    "wrong_amount": "金额不符 wrong amount",
    "wrong_currency": "币种不符 wrong currency",
    "wrong_mchid": "商户不符 wrong merchant",
    "wrong_appid": "应用不符 wrong app",
    "other_order": "他单通知 another order",
    "http_500": "接口报错 error 500",
    "timeout": "接口无应答 no answer",
    "forge_answer": "应答伪造 forged answers",
    "refund_abnormal": "退款异常 refund abnormal",
    "refund_closed": "退款关闭 refund closed",
    "not_enough": "余额不足 balance too low",
    "refund_interval": "退款限频 refunds 1 min apart",
    "close_says_paid": "关单时已付 paid while closing",
    "drop": "回调丢失 callback lost",
    "duplicate": "回调重复 sent n times",
    "delay": "回调延迟（秒） delayed, s",
    "reorder": "回调乱序 out of order",
    "bad_signature": "错误签名 bad signature",
    "old_timestamp": "过期时间戳 1 h old",
    "create_failed": "无运力 no courier",
    "no_show": "骑手不来 no-show",
    "reassign": "换骑手 courier drops out",
    "self_pickup": "未验码取货 taken without code",
    "refuse": "拒收 refused at the door",
    "unreachable": "联系不上 nobody there",
    "lost": "丢件 parcel lost",
    "title_unknown": "拒绝开票 invoice refused",
    "slow": "迟迟不开票 invoice not issued",
}
CHANNEL_WORDS = {"sms": "短信 SMS", "wechat": "微信 WeChat"}
SERVICE_WORDS = {
    "wechat": "微信支付 WeChat Pay",
    "courier": "配送 Courier",
    "messages": "消息网关 Message gateways",
    "invoices": "电子发票 Electronic invoices",
}
# How a state looks: waiting, good, bad, or over.
TONES = {
    "NOTPAY": "wait",
    "SUCCESS": "good",
    "PROCESSING": "wait",
    "ABNORMAL": "bad",
    "pending": "wait",
    "done": "good",
    "given_up": "bad",
    "AT_STORE": "wait",
    "DELIVERED": "good",
    "RETURN_CONFIRMED": "good",
    "EXCEPTION": "bad",
    "LOST": "bad",
    "CREATE_FAILED": "bad",
}
