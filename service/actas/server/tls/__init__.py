"""Who is at the two ends of a connection: the service's own certificate, and the certificates of its callers."""
