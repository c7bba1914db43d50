CREATE TABLE IF NOT EXISTS setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    operation TEXT NOT NULL,
    value TEXT NOT NULL,
    remaining INTEGER,
    UNIQUE (service, name, subject, operation)
);

CREATE TABLE IF NOT EXISTS log_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    service TEXT NOT NULL,
    kind TEXT NOT NULL,
    operation TEXT NOT NULL,
    subject TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    status INTEGER,
    detail TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS callback (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    subject TEXT NOT NULL,
    event_id TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    faults TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    held_back INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS callback_due ON callback (due) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS callback_subject ON callback (service, subject);

CREATE TABLE IF NOT EXISTS trade (
    out_trade_no TEXT PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    token_expires_at REAL NOT NULL,
    fingerprint TEXT NOT NULL,
    description TEXT NOT NULL,
    attach TEXT,
    notify_url TEXT NOT NULL,
    total_fen INTEGER NOT NULL CHECK (total_fen > 0),
    deadline REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'NOTPAY',
    created_at TEXT NOT NULL,
    transaction_id TEXT UNIQUE,
    paid_fen INTEGER,
    paid_at TEXT
);

CREATE TABLE IF NOT EXISTS refund (
    out_refund_no TEXT PRIMARY KEY,
    refund_id TEXT NOT NULL UNIQUE,
    out_trade_no TEXT NOT NULL REFERENCES trade,
    fingerprint TEXT NOT NULL,
    refund_fen INTEGER NOT NULL CHECK (refund_fen > 0),
    total_fen INTEGER NOT NULL,
    notify_url TEXT,
    status TEXT NOT NULL,
    outcome TEXT NOT NULL,
    requested REAL NOT NULL,
    due REAL,
    created_at TEXT NOT NULL,
    success_at TEXT
);
CREATE INDEX IF NOT EXISTS refund_trade ON refund (out_trade_no);
CREATE INDEX IF NOT EXISTS refund_due ON refund (due) WHERE due IS NOT NULL;

CREATE TABLE IF NOT EXISTS offer (
    id TEXT PRIMARY KEY,
    fee_fen INTEGER NOT NULL,
    expires_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS delivery (
    id TEXT PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    seq INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 1,
    callback_url TEXT NOT NULL,
    pickup_code TEXT NOT NULL,
    wrong_tries INTEGER NOT NULL DEFAULT 0,
    origin TEXT NOT NULL,
    destination TEXT NOT NULL,
    note TEXT NOT NULL,
    distance_metres REAL NOT NULL,
    fee_fen INTEGER NOT NULL,
    tip_fen INTEGER NOT NULL DEFAULT 0,
    cancel_fee_fen INTEGER NOT NULL DEFAULT 0,
    cancelled_by TEXT,
    reason TEXT NOT NULL DEFAULT '',
    courier TEXT,
    assigned REAL,
    leg_started REAL NOT NULL DEFAULT 0,
    due REAL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due) WHERE due IS NOT NULL;

-- Deliveries whose goods a courier takes at somebody's door, from whoever tells the code.
CREATE TABLE IF NOT EXISTS door_pickup (
    delivery_id TEXT PRIMARY KEY REFERENCES delivery
);

CREATE TABLE IF NOT EXISTS delivery_event (
    delivery_id TEXT NOT NULL REFERENCES delivery,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (delivery_id, seq)
);

CREATE TABLE IF NOT EXISTS replay (
    service TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (service, idempotency_key)
);

CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    text TEXT NOT NULL,
    fields TEXT NOT NULL,
    at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS invoice (
    serial TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    reverses TEXT NOT NULL,
    title TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    state TEXT NOT NULL,
    number TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS express_order (
    id TEXT PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    seq INTEGER NOT NULL,
    callback_url TEXT NOT NULL,
    waybills TEXT NOT NULL,
    sort_code TEXT NOT NULL,
    origin TEXT NOT NULL,
    destination TEXT NOT NULL,
    distance_metres REAL NOT NULL,
    fee_fen INTEGER NOT NULL,
    reason TEXT NOT NULL,
    due REAL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS express_order_due ON express_order (due) WHERE due IS NOT NULL;

CREATE TABLE IF NOT EXISTS express_stage (
    order_id TEXT NOT NULL REFERENCES express_order,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    words TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (order_id, seq)
);
