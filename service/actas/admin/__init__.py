"""The protobuf of the administrative services: receipts, outcomes and revocations."""
