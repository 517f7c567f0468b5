"""What the computer's own session says: locks, sleep, another user. One module a system."""
