"""Replaces the official AWS plugin in the local environment.

It serves the resource types of this project against an emulator, with the names, defaults, outputs
and replacement rules of the official plugin. It never connects to AWS.
"""
