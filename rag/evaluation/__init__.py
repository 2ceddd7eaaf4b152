"""Cases and metrics over the same `ask` the product ships."""
