"""Notices: what people are told of outside of this program, once each."""
