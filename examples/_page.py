"""One page of all examples: their words, numbers, pictures and sources.  It loads nothing but the pictures beside it."""

import html

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #222222; --muted: #666666; --line: #e2e2e2; --panel: #f6f7f8; --accent: #0072b2; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e4e4e4; --muted: #9aa0a6; --line: #32363b; --panel: #1f2226; --accent: #6cb8ea; --bad: #ff8a80; }
}
* { box-sizing: border-box }
body { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; background: var(--paper); color: var(--ink) }
body { font: 17px/1.55 system-ui, sans-serif }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .4rem }
h2 { font-size: 1.4rem; line-height: 1.3; margin: 0 0 .5rem }
p { margin: .4rem 0 1rem; max-width: 44rem }
a { color: var(--accent); text-decoration: none }
a:hover { text-decoration: underline }
section { margin-top: 2.5rem; padding-top: 1.75rem; border-top: 1px solid var(--line) }
.muted { color: var(--muted) }
.failed { color: var(--bad); font-weight: 600 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; font-size: .94rem }
th { text-align: left; font-weight: 600; color: var(--muted) }
th, td { padding: .2rem 1rem .2rem 0; vertical-align: top }
tr.title td { border-top: 1px solid var(--line); padding-top: .6rem }
td { padding-left: 1.6rem }
tr.title td { padding-left: 0 }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
pre { margin: 0; padding: .9rem 1.1rem; background: var(--panel); border-radius: 8px; overflow-x: auto }
pre, code { font: 13.5px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
pre.printed { white-space: pre-wrap; font-size: 12.5px }
img { display: block; max-width: 100%; margin: 1.1rem auto; padding: 12px; background: #ffffff }
img { border: 1px solid var(--line); border-radius: 8px }
summary { cursor: pointer; color: var(--accent); margin: .9rem 0 .5rem }
"""


def page(examples):
    """index.html: a table of all, then each by itself."""
    light, dark = (HtmlFormatter(style=style).get_style_defs(".code") for style in ("friendly", "github-dark"))
    style = f"{STYLE}{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n.code, .code pre {{ background: var(--panel) }}"
    failures = sum(1 for example in examples if example.failure)
    failed = f' <span class="failed">{failures} failed.</span>' if failures else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>jaxml: the guide's examples</title>
<style>{style}</style>
</head>
<body>
<h1>The guide's examples, and what they hide</h1>
<p class="muted">Every number of jaxml's was computed by the code below, in {sum(e.seconds for e in examples):.0f} seconds.{failed}
A dash: the guide does not say. A picture shows its code when you open the line under it.</p>
<div class="scroll"><table>
<tr><th>example</th><th class="number">the guide</th><th class="number">jaxml</th></tr>
{"".join(rows(example) for example in examples)}
</table></div>
{"".join(section(example) for example in examples)}
</body>
</html>
"""


def rows(example):
    """The example's lines of the table: its title, then each number."""
    link = f'<a href="#{example.name}">{example.name[:2]} &nbsp;{html.escape(example.title)}</a>'
    kind = ' class="failed"' if example.failure else ""
    line = '<tr><td{}>{}</td><td class="number">{}</td><td class="number">{}</td></tr>'
    return f'<tr class="title"><td colspan="3">{link}</td></tr>' + "".join(
        line.format(kind, *map(html.escape, row)) for row in example.compared()
    )


def section(example):
    """The example's words, its output, its picture, and its source folded in."""
    title = html.escape(example.title)
    printed = f'<pre class="printed">{html.escape(example.printed)}</pre>' if example.printed else ""
    failure = f'<p class="failed">It failed:</p><pre>{html.escape(example.failure)}</pre>' if example.failure else ""
    picture = f'<img src="{example.name}.png" alt="{title}">' if example.drawn else ""
    return f"""<section id="{example.name}">
<h2>{example.name[:2]} &nbsp;{title}</h2>
<p>{html.escape(example.about)}</p>
{printed}{failure}{picture}
<details><summary>The code: examples/{example.name}.py</summary>
{highlight(example.source, PythonLexer(), HtmlFormatter(cssclass="code"))}</details>
</section>
"""
