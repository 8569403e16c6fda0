"""What jobs, proposals and questions are and may do: plain data and pure rules."""
