"""The outside world on a machine that has none: WeChat Pay, a courier, and message gateways, as one separate process.

Nothing here is imported by the product, and nothing of the product is imported here: they meet over HTTP only
(docs/sandbox.md).
"""
