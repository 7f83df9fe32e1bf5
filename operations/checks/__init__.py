"""Defines the checks of `herald doctor`; each returns its result or raises `NotWell`."""
