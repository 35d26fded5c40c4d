"""Authentication of HTTP (RFC 9110, section 11); public in `twisted.web.guard`."""
