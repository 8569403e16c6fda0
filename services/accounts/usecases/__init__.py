"""Where a use case is more than one rule on one document: passwords, logins, tokens, records."""
