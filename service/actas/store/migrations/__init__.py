"""Versioned steps from one shape of the tables to the next, each in a file of `versions`."""
