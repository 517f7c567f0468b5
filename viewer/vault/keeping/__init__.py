"""Cache discipline: what may leave the store, what must stay, and for how long."""
