"""Who may come in: credentials, what checks them, and what they give access to."""
