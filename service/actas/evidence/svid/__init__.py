"""SVIDs: a workload's credentials, verified with the bundle of their own trust domain and with no other."""
