"""Kubernetes: kustomize's files, and what makes their secrets."""
