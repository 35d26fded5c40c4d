"""HTTP: server, resources and everything that is served over the web."""
