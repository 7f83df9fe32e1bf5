"""Stand-in for the official AWS plugin, for the local environment only.

It serves the resource types that this project uses, with the official plugin's names, defaults,
outputs and replace rules, against an emulator whose endpoints are given. It never talks to AWS.
"""
