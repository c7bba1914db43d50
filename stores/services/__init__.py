"""What changes stores: their capacity and their master records."""

from stores.services.capacity import CapacityFull, CapacityNotTaken, give_back_capacity, take_capacity

__all__ = ["CapacityFull", "CapacityNotTaken", "give_back_capacity", "take_capacity"]
