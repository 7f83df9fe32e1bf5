"""Previews a change: planned changes, cost and policy violations, without an account."""
