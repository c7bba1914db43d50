"""An express company: waybills, parcels that travel by themselves for days, and signed callbacks."""
