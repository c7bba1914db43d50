"""A model with a status, for tests alone: its table is made by a test and vanishes with it."""

from typing import ClassVar

from django.db import connection, models


class MachineStatus(models.TextChoices):
    """Where the machine is."""

    NEW = "new"
    RUNNING = "running"
    STOPPED = "stopped"


class Machine(models.Model):
    """Something with a status."""

    TRANSITIONS: ClassVar[dict[MachineStatus, frozenset[MachineStatus]]] = {
        MachineStatus.NEW: frozenset({MachineStatus.RUNNING}),
        MachineStatus.RUNNING: frozenset({MachineStatus.STOPPED, MachineStatus.NEW}),
    }

    number = models.BigIntegerField(primary_key=True, db_column="machine number")
    status = models.CharField(max_length=10, choices=MachineStatus.choices, default=MachineStatus.NEW)
    note = models.CharField(max_length=10, blank=True, default="")

    objects: ClassVar[models.Manager["Machine"]] = models.Manager()

    class Meta:
        app_label = "tests"
        managed = False
        db_table = "tests_machine"

    def __str__(self) -> str:
        return str(self.number)


def make_table() -> None:
    """Make the table of the machines."""
    with connection.schema_editor() as editor:
        editor.create_model(Machine)


def drop_table() -> None:
    """Drop it, where no rollback does."""
    with connection.schema_editor() as editor:
        editor.delete_model(Machine)
