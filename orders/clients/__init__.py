"""Outbound HTTP of orders: WeChat Pay, and the electronic invoices."""

from orders.clients.invoices import (
    InvoiceBuyer,
    InvoiceClient,
    InvoiceLine,
    InvoiceRefused,
    InvoiceUnreachable,
    ProviderInvoice,
    invoice_provider,
)
from orders.clients.wechat import (
    CURRENCY,
    MAX_AGE_SECONDS,
    Notice,
    NoticeRejected,
    ProviderPayment,
    ProviderRefund,
    ProviderRefused,
    ProviderUnreachable,
    WeChatPayClient,
    wechat_pay,
)

__all__ = [
    "CURRENCY",
    "MAX_AGE_SECONDS",
    "InvoiceBuyer",
    "InvoiceClient",
    "InvoiceLine",
    "InvoiceRefused",
    "InvoiceUnreachable",
    "Notice",
    "NoticeRejected",
    "ProviderInvoice",
    "ProviderPayment",
    "ProviderRefund",
    "ProviderRefused",
    "ProviderUnreachable",
    "WeChatPayClient",
    "invoice_provider",
    "wechat_pay",
]
