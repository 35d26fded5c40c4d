"""
Tests of asynchronous programs.

`twisted.trial.unittest` has the test cases; `trial`, `pytest` and
`python -m unittest` all run them.
"""
