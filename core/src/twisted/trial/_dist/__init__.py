"""
Running tests in several processes: ``trial --jobs``.

The master finds the tests and hands their names out, one at a time; each worker finds the same
tests by the same arguments, runs what it is told, and says how it went. What they say is in
`_wire`.
"""
