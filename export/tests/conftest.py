"""Hypothesis may take its time: how long an example takes says something about the machine only."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
