"""Folders that capture devices write into, taken in by themselves while somebody is logged in."""
