"""What `twisted.names.dns` hands out."""
