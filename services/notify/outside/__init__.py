"""The outside: members' webhooks and their mail, one adapter a file."""
