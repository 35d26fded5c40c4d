"""
How pages look that come from this package: in light and dark, on screens of any width, and without
anything from elsewhere.
"""

from __future__ import annotations

import base64
import hashlib

#: The colours differ from their background by 4.5 to 1 at least (WCAG 2.2, 1.4.3).
STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --link: #0550ae;
  --raised: #f6f8fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --ink: #e6e9ed; --faint: #9aa4b0; --line: #343b45; --link: #79b8ff;
    --raised: #1c2129;
  }
}
* { box-sizing: border-box }
body {
  background: var(--paper); color: var(--ink); margin: 0;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
}
main { margin: 0 auto; max-width: 60rem; padding: clamp(1rem, 4vw, 3rem) clamp(1rem, 4vw, 2rem) }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; overflow-wrap: anywhere }
p { max-width: 45rem; overflow-wrap: anywhere }
a { color: var(--link) }
a:focus-visible { border-radius: .2rem; outline: 3px solid var(--link); outline-offset: 2px }
code {
  background: var(--raised); border: 1px solid var(--line); border-radius: .3rem;
  overflow-wrap: anywhere; padding: .1rem .35rem;
}
.status { color: var(--faint); font-size: 1rem; letter-spacing: .05em; margin: 0 }
.message { border-left: .3rem solid var(--line); padding-left: 1.25rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: .5rem .75rem; text-align: left }
th { color: var(--faint); font-size: .875rem; font-weight: 600 }
td:first-child { overflow-wrap: anywhere }
td:first-child a { text-decoration: none }
td:first-child a:hover { text-decoration: underline }
td a[href$="/"] { font-weight: 600 }
th:nth-child(2), td:nth-child(2) {
  font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap;
}
td:nth-child(n + 3) { color: var(--faint) }
tbody tr:hover { background: var(--raised) }
.empty { color: var(--faint); text-align: center }
.up { margin: 0 0 1rem }
@media (max-width: 40rem) {
  th:nth-child(n + 3), td:nth-child(n + 3) { display: none }
  th, td { padding: .65rem .25rem }
}
"""

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

#: Has browsers use nothing but what is in the page, whatever gets into it (CSP, level 3): it stands
#: in the page so that it holds for this page and no other.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    f"style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'\">"
)

#: The beginning and the end of a page; what stands in braces or behind a percent sign is as in each
#: of them.
HEAD = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{POLICY}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>TITLE</title>
<style>{STYLE}</style>
</head>
<body>
<main>
"""
FOOT = """\
</main>
</body>
</html>
"""
