"""Hostile input becomes model: walking, the disposable decoding child, volumes, arrivals."""
