"""Policy revisions: what they are made of, how they are checked, and how one replaces another."""
