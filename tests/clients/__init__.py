"""The clients that this repository publishes."""
