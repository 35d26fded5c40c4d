"""The reactors of `twisted.internet`."""

from twisted.application.reactors import Reactor

default = Reactor("default", "twisted.internet.default", "The best for this system")
select = Reactor("select", "twisted.internet.selectreactor", "select(2): everywhere")
poll = Reactor("poll", "twisted.internet.pollreactor", "poll(2): most systems")
epoll = Reactor("epoll", "twisted.internet.epollreactor", "epoll(4): Linux")
kqueue = Reactor("kqueue", "twisted.internet.kqreactor", "kqueue(2): macOS and the BSDs")
gi = Reactor("gi", "twisted.internet.gireactor", "The main loop of GLib and GTK")
gtk3 = Reactor("gtk3", "twisted.internet.gireactor", "The same, by its old name")
qt = Reactor("qt", "twisted.internet.qtreactor", "The event loop of Qt")
wx = Reactor("wx", "twisted.internet.wxreactor", "The event loop of wxPython")
asyncio = Reactor("asyncio", "twisted.internet.asyncioreactor", "A loop of asyncio")
uvloop = Reactor("uvloop", "twisted.internet.uvloopreactor", "uvloop and its transports")
