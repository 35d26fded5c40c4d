"""
Resources in other processes, which requests get to over Perspective Broker.

The process with the connection sends a copy of the request, and a reference to what stands for the
answer; calls of that say what is in it.
"""
