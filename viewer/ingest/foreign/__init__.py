"""Files that are not DICOM: photos and scans, surfaces, pages. Pure; runs in the decoding child."""
