"""The trail as files for others: a table, JSON lines, FHIR audit events."""
