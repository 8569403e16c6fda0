"""The routes of jobs: parse, one call, dump."""
