"""Outbound HTTP of orders: WeChat Pay, and the electronic invoices."""

from orders.choices import PaymentMethod
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


def provider_of(method: str) -> WeChatPayClient:
    """Return who takes the payments of one of `choices.PROVIDER_METHODS`; another provider joins here.

    :raises KeyError: when nobody does: a tender of the till.
    """
    if method != PaymentMethod.WECHAT_NATIVE:
        raise KeyError(method)
    return wechat_pay()


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
    "provider_of",
    "wechat_pay",
]
