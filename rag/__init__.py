"""Question to passages, quotes, answer and verdict."""
