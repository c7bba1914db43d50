"""The databases of the tests: migrated once for all processes, and emptied by deleting the rows there are."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker

TEMPLATE = "omni_migrated"
# Filled by the migrate command after the migrations; no test changes them.
KEPT = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Make this process's database a copy of one that is migrated already."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_database()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End who still holds a connection when the database is to go: a server may still answer a page that is closed."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True, scope="session")
def _emptied_by_deleting() -> Iterator[None]:
    """Empty the tables after a test with real commits in a tenth of the time that the flush command takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: delete_all_rows())
        yield


def migrated_database() -> str:
    """Return the name of a database with all migrations, which the first of several processes makes."""
    name = f"{TEMPLATE}_{migrations_digest()}"
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [TEMPLATE])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [TEMPLATE])
        known = {row[0] for row in cursor.fetchall()}
        if name not in known:
            for stale in known:
                cursor.execute(f"DROP DATABASE {stale}")
            draft = f"{TEMPLATE}_draft"
            cursor.execute(f"CREATE DATABASE {draft}")
            migrate(draft)
            cursor.execute(f"ALTER DATABASE {draft} RENAME TO {name}")
    return name


def migrations_digest() -> str:
    """Return a digest of the text of every migration of ours."""
    root = Path(__file__).resolve().parents[1]
    paths = [path for pattern in ("*/migrations/*.py", "omni/*/migrations/*.py") for path in root.glob(pattern)]
    return sha256(b"\0".join(path.read_bytes() for path in sorted(paths))).hexdigest()[:16]


def migrate(name: str) -> None:
    """Run the migrations in a database."""
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", name)
        call_command("migrate", verbosity=0, interactive=False)
        connection.close()


def delete_all_rows() -> None:
    """Delete the rows of all tables but those of `KEPT`, once everybody who writes to them has ended.

    Without triggers: rows go in any order, also those that are never to be deleted.
    """
    tables = sorted(set(connection.introspection.django_table_names()) - KEPT)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(";".join(f"DELETE FROM {table}" for table in tables))
