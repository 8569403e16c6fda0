"""What is more than one rule on one document: telling people, and carrying it to the outside."""
