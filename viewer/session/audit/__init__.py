"""The tamper-evident trail: what happened is committed before it happens."""
