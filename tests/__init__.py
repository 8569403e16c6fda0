"""What the product promises, tried on real servers."""
