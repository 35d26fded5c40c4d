"""Sessions for contributors; ``nox --list`` shows them, and bare ``nox`` runs the quick checks."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tools"))

from monorepo.changed import touched  # noqa: E402
from monorepo.distributions import Distribution, find, siblings  # noqa: E402
from monorepo.git import changed_files, default_base  # noqa: E402
from monorepo.minimums import admitted, wheel  # noqa: E402

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint"]
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True

DISTRIBUTIONS = find(ROOT)
TESTING = ["pytest>=8", "pytest-timeout>=2.3", "hypothesis>=6.100"]
TOOLS = {"PYTHONPATH": str(ROOT / "tools"), "PYTHONDONTWRITEBYTECODE": "1"}

#: Real programs that distributions are tested with: what they are called, and Debian's packages.
PROGRAMS = {
    "chromium": "chromium",
    "curl": "curl",
    "delv": "bind9-dnsutils",
    "dictd": "dictd",
    "dictfmt": "dictfmt",
    "dig": "bind9-dnsutils",
    "dnsperf": "dnsperf",
    "dnssec-signzone": "bind9-utils",
    "fish": "fish",
    "h2load": "nghttp2-client",
    "h2o": "h2o",
    "ip": "iproute2",
    "kdig": "knot-dnsutils",
    "knotd": "knot",
    "lftp": "lftp",
    "mariadbd": "mariadb-server",
    "memcached": "memcached",
    "microsocks": "microsocks",
    "named": "bind9",
    "named-compilezone": "bind9-utils",
    "nc": "netcat-openbsd",
    "nghttpd": "nghttp2-server",
    "nginx": "nginx-light",
    "nsd": "nsd",
    "openssl": "openssl",
    "pg_lsclusters": "postgresql",
    "redis-server": "redis-server",
    "slowhttptest": "slowhttptest",
    "tinyproxy": "tinyproxy",
    "unbound": "unbound",
    "vsftpd": "vsftpd",
    "wrk": "wrk",
    "Xvfb": "xvfb python3-gi gir1.2-gtk-3.0 python3-tk python3-wxgtk4.0 libxcb-cursor0"
    " libxcb-icccm4 libxcb-keysyms1 libxcb-image0 libxcb-render-util0 libxkbcommon-x11-0 libegl1",
    "zsh": "zsh",
}


def prepare(session: nox.Session, *requirements: str) -> None:
    """
    Install what a session needs, unless that is there already.

    What is noted in the environment is a digest of all that decides about it.
    """
    digest = hashlib.sha256(" ".join(requirements).encode())
    for project_file in sorted(ROOT.glob("*/pyproject.toml")):
        digest.update(project_file.read_bytes())
    stamp = Path(session.virtualenv.location, "installed")
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        session.install(*requirements)
        stamp.write_text(digest.hexdigest())


def editable(*distributions: Distribution, extra: str = "") -> list[str]:
    """What installs distributions so that changes in the tree are seen at once."""
    return [word for d in distributions for word in ("-e", f"./{d.folder}{extra}")]


def everything() -> list[str]:
    """What installs all distributions, and what they are tested with."""
    return editable(*DISTRIBUTIONS.values(), extra="[test]")


def test_session(distribution: Distribution) -> Callable[[nox.Session], None]:
    """The session that tests one distribution."""

    def test(session: nox.Session) -> None:
        prepare(
            session,
            *editable(*siblings(distribution, DISTRIBUTIONS, "test")),
            *editable(distribution, extra="[test]"),
        )
        arguments = session.posargs or [f"{distribution.folder}/tests"]
        session.run("pytest", "-m", "not peer", *arguments)

    test.__doc__ = f"Test {distribution.name} with nothing installed but what it requires."
    return test


for _distribution in DISTRIBUTIONS.values():
    nox.session(name=f"tests-{_distribution.folder}")(test_session(_distribution))


@nox.session(name="tests-tools")
def tests_tools(session: nox.Session) -> None:
    """Test the tooling of the repository."""
    tools = ("packaging", "towncrier", "build", "twine")
    prepare(session, *editable(DISTRIBUTIONS["core"]), *TESTING, *tools)
    arguments = session.posargs or ["tools/tests", "--ignore=tools/tests/test_packaging.py"]
    session.run("pytest", *arguments, env=TOOLS)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Test everything: each distribution by itself, the tools and the examples."""
    for folder in DISTRIBUTIONS:
        session.notify(f"tests-{folder}")
    session.notify("tests-tools")
    session.notify("examples")


@nox.session(venv_backend="none")
def changed(session: nox.Session) -> None:
    """Test what differs from the main branch (or the commit given), and what depends on that."""
    base = session.posargs[0] if session.posargs else default_base(ROOT)
    files = changed_files(ROOT, base)
    for distribution in touched(files, DISTRIBUTIONS):
        session.notify(f"tests-{distribution.folder}", posargs=())
    if any(file.startswith(("tools/", "noxfile.py")) for file in files):
        session.notify("tests-tools", posargs=())
    if any(file.startswith("docs/") for file in files):
        session.notify("docs", posargs=())
        session.notify("examples", posargs=())


@nox.session
def lint(session: nox.Session) -> None:
    """Look for mistakes, odd formatting, and imports against the laws between distributions."""
    prepare(session, "ruff>=0.6", "packaging")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")
    session.run("python", "-m", "monorepo.laws", env=TOOLS)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of all distributions and tools, strictly."""
    prepare(session, *everything(), "mypy>=1.11", "mypy-zope>=1.0.5", "packaging", "nox", "idna")
    sources = [f"{folder}/src" for folder in DISTRIBUTIONS]
    session.run("mypy", *(session.posargs or [*sources, "tools", "core/tests/types"]))


@nox.session
def docs(session: nox.Session) -> None:
    """Check links and code in the documentation."""
    prepare(session, "packaging")
    session.run("python", "-m", "monorepo.documents", env=TOOLS)


@nox.session
def examples(session: nox.Session) -> None:
    """Run all examples of the documentation as their readers would."""
    prepare(session, *everything(), *TESTING)
    session.run("pytest", *(session.posargs or ["docs/examples/tests"]))


@nox.session
def peers(session: nox.Session) -> None:
    """Test with real programs of other projects, which are installed if they are missing."""
    missing = [
        package
        for name, packages in PROGRAMS.items()
        if shutil.which(name) is None
        for package in packages.split()
    ]
    if missing:
        session.run("apt-get", "install", "--yes", "--quiet", *missing, external=True)
    libraries = (
        "aiohttp",
        "django",
        "flask",
        "httpx",
        "hypercorn",
        "psycopg[binary]",
        "pymysql",
        "PySide6-Essentials",
        "redis",
        "starlette",
        "websockets",
        "zeep",
    )
    prepare(session, *everything(), "-e", "./core[unix]", *libraries, *TESTING)
    folders = [f"{folder}/tests" for folder in DISTRIBUTIONS]
    session.run("pytest", "-m", "peer", *(session.posargs or folders))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz what reads the bytes of strangers: ``nox -s fuzz -- web --seconds 60``."""
    prepare(session, *everything(), "atheris>=2.3")
    session.run("python", "-m", "monorepo.fuzz", *session.posargs, env=TOOLS)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which lines and branches the tests reach."""
    prepare(session, *everything(), *TESTING, "coverage>=7.6")
    session.run("coverage", "erase")
    for folder in DISTRIBUTIONS:
        session.run(
            *("coverage", "run", "--branch", "--append", f"--source={folder}/src"),
            *("-m", "pytest", "-q", "-m", "not peer", f"{folder}/tests"),
        )
    session.run("coverage", "report", "--skip-covered", "--show-missing", *session.posargs)


@nox.session
def news(session: nox.Session) -> None:
    """See that each distribution that changed since its last release (or a commit) says so."""
    prepare(session, "packaging", "towncrier")
    session.run("python", "-m", "monorepo.news", *session.posargs, env=TOOLS)
    for distribution in DISTRIBUTIONS.values():
        if distribution.fragments():
            with session.chdir(distribution.path):
                session.run("towncrier", "build", "--draft", "--version", "next", silent=True)


@nox.session
def build(session: nox.Session) -> None:
    """Build all wheels and source distributions into dist/, and install them in all ways."""
    prepare(session, *TESTING, "packaging", "build", "twine")
    session.run("pytest", "tools/tests/test_packaging.py", *session.posargs, env=TOOLS)


@nox.session
def minimums(session: nox.Session) -> None:
    """Test each distribution with the oldest and the newest core that it admits."""
    core = DISTRIBUTIONS["core"]
    for distribution in DISTRIBUTIONS.values():
        if distribution.requirement_on(core) is None:
            continue
        for version in admitted(distribution, core):
            session.log(f"{distribution.name} with {core.name} {version}")
            built = Path(session.create_tmp(), f"{distribution.folder}-{version}")
            shutil.rmtree(built, ignore_errors=True)
            built.mkdir()
            session.install("--force-reinstall", "--no-deps", str(wheel(core, version, built)))
            others = [d for d in siblings(distribution, DISTRIBUTIONS, "test") if d is not core]
            session.install(*editable(*others), *editable(distribution, extra="[test]"), core.name)
            session.run("pytest", "-q", "-m", "not peer", f"{distribution.folder}/tests")


@nox.session
def bench(session: nox.Session) -> None:
    """Compare speed with the published release and the best peers, side by side."""
    session.run("python", "tools/benchmarks/run.py", *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Release one distribution: ``nox -s release -- web 26.12.0`` (``--dry-run`` to see it)."""
    prepare(session, "packaging", "towncrier", "build", "twine")
    session.run("python", "-m", "monorepo.release", *session.posargs, env=TOOLS)


@nox.session(venv_backend="none")
def local(session: nox.Session) -> None:
    """All that is quick, before a push."""
    for name in ("lint", "types", "docs", "news", "changed", "examples"):
        session.notify(name, posargs=())
