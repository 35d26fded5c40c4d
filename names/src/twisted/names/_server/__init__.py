"""What a server of DNS consists of: requests, replies, limits, streams, transfers, notices."""
