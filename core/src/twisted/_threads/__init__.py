"""Workers: the private foundation of the thread pool."""
