"""The programs that need the web distribution."""

from urllib.request import urlopen


def test_web_counter(serve, tmp_path):
    """The three kinds of pages answer."""
    (tmp_path / "note.txt").write_text("a file")
    port = serve("web_counter.py", str(tmp_path), "tcp:0:interface=127.0.0.1")

    def get(path):
        with urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as response:
            return response.read().decode()

    assert get("count") == "You are visitor number 1.\n"
    assert get("count") == "You are visitor number 2.\n"
    assert get("wait") == "Thank you for waiting.\n"
    assert get("files/note.txt") == "a file"
