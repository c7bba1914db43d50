"""The sweepers' lock: it ends with its connection, should the worker die."""

TRY_SWEEPING = "SELECT pg_try_advisory_lock(%(key)s)"
END_SWEEPING = "SELECT pg_advisory_unlock(%(key)s)"
