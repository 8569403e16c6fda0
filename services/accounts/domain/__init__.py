"""What a member and a session are, and the rules about them. Pure."""
