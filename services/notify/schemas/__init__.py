"""What callers send and get, a file a noun."""
