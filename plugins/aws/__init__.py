"""Replaces the official AWS plugin in the local environment.

The plugin manages the resource types of this project in an emulator. Names, defaults, outputs and
replacement rules are those of the official plugin. It never connects to AWS.
"""
