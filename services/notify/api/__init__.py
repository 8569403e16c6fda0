"""The routes of notify, a file a noun."""
