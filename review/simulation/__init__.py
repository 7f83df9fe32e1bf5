"""Runs programs on simulated answers, without an account or a cluster."""
