"""DNS: messages, resolvers and servers."""
