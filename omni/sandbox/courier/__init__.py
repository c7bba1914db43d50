"""A courier company: quotes, deliveries that walk by themselves, and signed callbacks."""
