"""
The package that plugin modules of every distribution, and of any other project, are put into.

Its ``__path__`` spans all folders named ``twisted/plugins`` on `sys.path`; `twisted.plugin` reads
them.
"""

__path__ = __import__("pkgutil").extend_path(__path__, __name__)
