"""Telling people of events, once each."""
