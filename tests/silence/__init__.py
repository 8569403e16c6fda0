"""Every human is silent: one world, a story in each state that waits, and a clock that is moved."""
