"""Volumes of research and planning software: NRRD, NIfTI, MetaImage.

Readers of our own: pynrrd opens whatever file a header names and inflates without a bound; nibabel
likewise, and both want names where the child has open files. Pure; runs in the decoding child, but
for `facts`, which both sides know.
"""
