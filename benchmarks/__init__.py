"""Commands that print the figures in the README; none of them is a test."""
