"""Serve verified models over HTTP by the Open Inference Protocol, and in a program of one's own."""
