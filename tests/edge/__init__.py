"""What strangers on the internet and programs written by others meet."""
