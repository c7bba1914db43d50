"""The tables of inventory."""

from inventory.models.catalogue import Category, Collection, Media, Price, Product, SizeChart, Variant
from inventory.models.counting import Count, CountEntry, CountLine
from inventory.models.listing import ProductListing, SearchCount, SearchWord, StockPulse
from inventory.models.receiving import Receipt, ReceiptLine, Shipment, ShipmentLine
from inventory.models.stock import CountTask, Reservation, StockAdjustment, StockLevel, StockMovement

__all__ = [
    "Category",
    "Collection",
    "Count",
    "CountEntry",
    "CountLine",
    "CountTask",
    "Media",
    "Price",
    "Product",
    "ProductListing",
    "Receipt",
    "ReceiptLine",
    "Reservation",
    "SearchCount",
    "SearchWord",
    "Shipment",
    "ShipmentLine",
    "SizeChart",
    "StockAdjustment",
    "StockLevel",
    "StockMovement",
    "StockPulse",
    "Variant",
]
