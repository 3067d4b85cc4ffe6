"""What is kept of a decision after it has left the service."""
