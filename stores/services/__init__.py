"""What changes stores: their capacity and their master records."""

from stores.services.capacity import CapacityFull, CapacityNotTaken, give_back_capacity, take_capacity
from stores.services.csv_files import CsvRow, FileRefused, Problems, RowProblem, read_csv
from stores.services.pins import PinLocked, WeakPin, WrongPin, drive_check_pin, set_pin
from stores.services.slots import SlotFull, SlotNotTaken, give_back_slot, take_slot
from stores.services.staff import erase_former_staff
from stores.services.store_import import OPTIONAL as STORE_OPTIONAL_COLUMNS
from stores.services.store_import import REQUIRED as STORE_REQUIRED_COLUMNS
from stores.services.store_import import StoreImport, import_stores
from stores.services.transit import add_transit

__all__ = [
    "STORE_OPTIONAL_COLUMNS",
    "STORE_REQUIRED_COLUMNS",
    "CapacityFull",
    "CapacityNotTaken",
    "CsvRow",
    "FileRefused",
    "PinLocked",
    "Problems",
    "RowProblem",
    "SlotFull",
    "SlotNotTaken",
    "StoreImport",
    "WeakPin",
    "WrongPin",
    "add_transit",
    "drive_check_pin",
    "erase_former_staff",
    "give_back_capacity",
    "give_back_slot",
    "import_stores",
    "read_csv",
    "set_pin",
    "take_capacity",
    "take_slot",
]
