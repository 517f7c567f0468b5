"""Reviewing the trail: pure rules over events, what they find, and how grave it is. No Qt."""
