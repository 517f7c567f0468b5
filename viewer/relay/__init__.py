"""What another machine holds of this trail: DICOM audit messages over syslog-TLS."""
