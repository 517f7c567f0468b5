"""Pointer gestures in, view states out. Pure: no Qt, no VTK, no state but a gesture's beginning."""
