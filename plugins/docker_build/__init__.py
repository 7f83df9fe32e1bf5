"""Replaces the official docker-build plugin for previews: plans images and builds none."""
