"""What `twisted.names.client` hands out."""
