"""The ground every app stands on: money, clock, errors, states, transactions, locking, outbox, geo, numbers, sealing.

It knows nothing of any app, and the list of its modules is closed.
"""
