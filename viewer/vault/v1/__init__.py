"""Version 1 of the object container; see FORMAT.md §3. Later versions get their own folder."""
