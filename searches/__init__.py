"""What is searched: one folder a domain."""
