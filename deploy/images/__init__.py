"""Every image from Debian packages and PyPI alone, for sites without a container registry."""
