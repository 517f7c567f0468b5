"""From what reading yields to what the store holds: sealing, setting aside, going on, reporting."""
