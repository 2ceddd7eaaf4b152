"""Thin faces over the same calls."""
