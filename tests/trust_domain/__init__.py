"""SPIFFE trust domains for tests: certificate authorities, SVIDs, bundles, and a Workload API that hands them out."""
