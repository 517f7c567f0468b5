"""The standard's objects in and out: attributes, geometry, grey scale, pixels and writing."""
