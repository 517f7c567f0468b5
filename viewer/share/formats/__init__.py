"""One file for each bundle format."""
