"""Carry out a plan: train, verify, deploy, restore, retire."""
