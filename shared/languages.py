"""In which languages members are spoken to: named here alone, and taken from here."""

LANGUAGES = ("ja", "en")
"""The first is spoken to whom nothing else is known of."""
