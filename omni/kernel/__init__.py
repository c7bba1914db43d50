"""The ground every app stands on, and the list of its modules is closed. It knows nothing of any app.

Money, clock, errors, states, transactions, statements, locking, outbox, geo, numbers, sealing, names in two languages.
"""
