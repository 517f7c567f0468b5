"""Bitewing: a dental image viewer with the safeguards built in."""

__version__ = "0.1.0"
