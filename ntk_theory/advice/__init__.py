"""Advice: what can be said of a problem before any network is trained."""
