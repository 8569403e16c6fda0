"""What callers send and get: of people, and of how they prove who they are."""
