"""Reactors in the loops of user interfaces: programs with windows, on a display of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

#: What all programs do: echo a megabyte, click a button, destroy the window and so stop.
PLAY = """
from twisted.internet import endpoints, error, protocol, task, threads, utils
from twisted.internet import reactor

class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)

class Client(protocol.Protocol):
    left = 1_000_000
    def connectionMade(self):
        self.transport.write(b"x" * self.left)
    def dataReceived(self, data):
        self.left -= len(data)
        if not self.left:
            print("echoed", flush=True)
            begin()

def begin():
    threads.deferToThread(int).addCallback(lambda _: print("thread")).addCallback(
        lambda _: utils.getProcessOutput("/bin/echo", [b"process"], reactor=reactor)
    ).addCallback(lambda out: print(out.decode().strip())).addCallback(lambda _: click())

def clicked(*ignored):
    print("clicked", flush=True)
    reactor.callLater(0.05, destroy)

def shutdown():
    print("shutdown")
    return task.deferLater(reactor, 0.05, print, "waited")

def play():
    port = reactor.listenTCP(0, protocol.Factory.forProtocol(Echo), interface="127.0.0.1")
    endpoints.connectProtocol(
        endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), Client()
    )
    reactor.addSystemEventTrigger("before", "shutdown", shutdown)
    # A timer that is later than another one, and that is never due.
    reactor.callLater(3600, print, "too late")
    reactor.run()
    print("end")
"""

GTK = """
import gi
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk
from twisted.internet import gireactor
gireactor.install({useGtk})
{play}
window = Gtk.Window()
button = Gtk.Button(label="button")
button.connect("clicked", clicked)
window.add(button)
window.show_all()
window.connect("destroy", {destroyed})
click, destroy = lambda: GLib.idle_add(button.clicked), window.destroy
play()
"""

APPLICATION = """
import gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
from twisted.internet import gireactor
gireactor.install()
{play}
application = Gtk.Application(application_id="org.example.twisted")
def activate(application):
    window = Gtk.ApplicationWindow(application=application)
    button = Gtk.Button(label="button")
    button.connect("clicked", clicked)
    window.add(button)
    window.show_all()
    global click, destroy
    click, destroy = button.clicked, window.destroy
application.connect("activate", activate)
reactor.registerGApplication(application)
play()
"""

QT = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPushButton
application = QApplication([])
from twisted.internet import qtreactor
qtreactor.install()
{play}
button = QPushButton("button")
button.clicked.connect(clicked)
button.show()
click, destroy = lambda: QTimer.singleShot(0, button.click), button.close
play()
"""

WX = """
import wx
from twisted.internet import wxreactor
wxreactor.install()
{play}
application = wx.App()
reactor.registerWxApp(application)
frame = wx.Frame(None, title="window")
button = wx.Button(frame, label="button")
button.Bind(wx.EVT_BUTTON, clicked)
frame.Show()
click = lambda: wx.PostEvent(button, wx.CommandEvent(wx.wxEVT_BUTTON, button.GetId()))
destroy = frame.Close
play()
"""

TK = """
import tkinter
from twisted.internet import tksupport
{play}
root = tkinter.Tk()
tksupport.install(root)
button = tkinter.Button(root, text="button", command=clicked)
button.pack()
root.bind("<Destroy>", lambda event: event.widget is root and reactor.stop())
click, destroy = lambda: root.after_idle(button.invoke), root.destroy
play()
"""

WX_SUPPORT = """
import wx
from twisted.internet import wxsupport
{play}
application = wx.App()
wxsupport.install(application)
frame = wx.Frame(None, title="window")
button = wx.Button(frame, label="button")
button.Bind(wx.EVT_BUTTON, clicked)
frame.Bind(wx.EVT_CLOSE, lambda event: (frame.Destroy(), reactor.stop()))
frame.Show()
click = lambda: wx.PostEvent(button, wx.CommandEvent(wx.wxEVT_BUTTON, button.GetId()))
destroy = frame.Close
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
play()
"""

PROGRAMS = {
    "gtk": ("gi", GTK.format(useGtk=False, destroyed="lambda _: reactor.stop()", play=PLAY)),
    "gtk-main": ("gi", GTK.format(useGtk=True, destroyed="Gtk.main_quit", play=PLAY)),
    "gtk-application": ("gi", APPLICATION.format(play=PLAY)),
    "qt": ("PySide6.QtWidgets", QT.format(play=PLAY)),
    "wx": ("wx", WX.format(play=PLAY)),
    "wx-support": ("wx", WX_SUPPORT.format(play=PLAY)),
    "tk": ("tkinter", TK.format(play=PLAY)),
}


def environment() -> dict[str, str]:
    """An environment in which another interpreter finds what this one has."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def interpreter(module: str) -> str:
    """An interpreter that has a toolkit: Debian's packages are for its own one alone."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        tried = [candidate, "-c", f"import {module}; import twisted.internet.defer"]
        if not subprocess.run(tried, env=environment(), capture_output=True).returncode:
            return candidate
    raise AssertionError(f"no interpreter has {module}: see PROGRAMS of noxfile.py")


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A display that nobody sees."""
    xvfb = shutil.which("Xvfb")
    assert xvfb is not None, "Xvfb is not installed"
    reading, writing = os.pipe()
    command = [xvfb, "-displayfd", str(writing), "-noreset", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            # It chooses a number, and writes it when it is ready.  Without -noreset it would refuse
            # who comes right after the last one has left.
            with open(reading) as pipe:
                number = pipe.readline().strip()
            assert number, "Xvfb does not start"
            yield f":{number}"
        finally:
            server.terminate()


def start(display: str, name: str, program: str | None = None) -> subprocess.Popen[str]:
    """Start a program with a display."""
    module, told = PROGRAMS[name]
    return subprocess.Popen(
        [interpreter(module), "-c", program or told],
        env={**environment(), "DISPLAY": display},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.peer
@pytest.mark.parametrize("name", PROGRAMS)
def test_window(display: str, name: str) -> None:
    """The reactor and the window live together, and end together."""
    process = start(display, name)
    out, err = process.communicate(timeout=15)
    expected = ["echoed", "thread", "process", "clicked", "shutdown", "waited", "end"]
    assert out.split() == expected, err
    assert process.returncode == 0
    assert "Traceback" not in err


@pytest.mark.peer
@pytest.mark.parametrize("name", PROGRAMS)
def test_interrupt(display: str, name: str) -> None:
    """SIGINT shuts the reactor down while nothing happens in the window."""
    program = PROGRAMS[name][1].replace(
        "            begin()\n",
        "            import os, signal, threading\n"
        "            kill = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "            threading.Timer(0.05, kill).start()\n",
    )
    out, err = start(display, name, program).communicate(timeout=15)
    assert out.split() == ["echoed", "shutdown", "waited", "end"], err


@pytest.mark.peer
@pytest.mark.parametrize("name", ["gtk", "qt"])
def test_nothing_costs_nothing(display: str, name: str) -> None:
    """A program in which nothing happens uses no processor time."""
    program = PROGRAMS[name][1].replace(
        "            begin()\n",
        "            import resource\n"
        "            used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_utime\n"
        "            begun = used()\n"
        "            reactor.callLater(1, lambda: (print(used() - begun), reactor.stop()))\n",
    )
    begun = time.monotonic()
    out, err = start(display, name, program).communicate(timeout=15)
    assert time.monotonic() - begun > 1
    assert float(out.split()[1]) < 0.1, err


#: Runs again after a crash, as trial does, and shows no window.
AGAIN = """
from twisted.internet import {module}
{module}.install()
from twisted.internet import reactor
for number in range(3):
    reactor.callLater(0.05, print, number)
    reactor.callLater(0.1, reactor.crash)
    reactor.run()
reactor.callLater(0.05, print, "last")
reactor.callLater(0.1, reactor.stop)
reactor.run()
print("end")
"""


@pytest.mark.peer
@pytest.mark.parametrize(
    ("name", "module"), [("gtk", "gireactor"), ("qt", "qtreactor"), ("wx", "wxreactor")]
)
def test_without_windows_again_and_again(display: str, name: str, module: str) -> None:
    process = start(display, name, AGAIN.format(module=module))
    out, err = process.communicate(timeout=15)
    assert out.split() == ["0", "1", "2", "last", "end"], err
    assert "Traceback" not in err
