"""The rows of the speed table, one a file."""
