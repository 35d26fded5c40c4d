"""What `twisted.names.dnssec` hands out."""
