"""How does the page of a grid look? Its style sheet: light and dark, from a phone to a wide screen, in ASCII."""

STYLE = """
/* Light and dark have the same names. Good and bad differ in lightness too, and words say which is which. */
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --line: #e2e2df; --text: #1b1d1f; --soft: #5c6166;
  --link: #0b57a4; --code: #f1f1ee;
  --good: #0b6e63; --good-bg: #d7efea; --bad: #ffffff; --bad-bg: #b93815; --bad-text: #a82e0c;
  --flaky: #5f4300; --flaky-bg: #ffdf8d; --none: #5c6166; --none-bg: #ececea; --wait-bg: #dce9f8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131517; --card: #1a1d20; --line: #2e3338; --text: #e6e7e8; --soft: #a2a9b0;
    --link: #82b8f5; --code: #23272b;
    --good: #7fd8c8; --good-bg: #153c37; --bad: #1c0903; --bad-bg: #ff8f66; --bad-text: #ff9b76;
    --flaky: #ffd978; --flaky-bg: #4a3907; --none: #a2a9b0; --none-bg: #262a2e; --wait-bg: #1d3450;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 84rem; padding: 0 clamp(.9rem, 3vw, 2.5rem) 3rem;
  background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
p, ul, dl, dd, pre { margin: 0; }
ul { padding: 0; list-style: none; }
h1 {
  margin: 0; font-size: clamp(1.35rem, 2.6vw, 1.75rem); line-height: 1.2; font-weight: 680; overflow-wrap: anywhere;
}
h2 { margin: 2.6rem 0 .8rem; font-size: 1.15rem; line-height: 1.3; font-weight: 650; overflow-wrap: anywhere; }
h3 { margin: 1.1rem 0 .4rem; font-size: .95rem; font-weight: 650; overflow-wrap: anywhere; }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: .15em; text-decoration-thickness: 1px; }
a:focus-visible, summary:focus-visible, .table:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px;
}
header { padding: 1.1rem 0 1.2rem; }
.brand { margin-bottom: .3rem; font-weight: 700; }
.note, .soft, small, .level { color: var(--soft); font-size: .87rem; }
.note { margin-top: .4rem; max-width: 78ch; }
.level { font-size: .75rem; letter-spacing: .03em; }

.adapters { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: .9rem; }
.adapters li {
  padding: .9rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
.adapters h2 { margin: 0 0 .4rem; font-size: 1rem; }
.counts { display: flex; flex-wrap: wrap; gap: .3rem .6rem; align-items: baseline; margin-bottom: .5rem; }
.adapters dl > div {
  display: flex; gap: .9rem; padding: .18rem 0; border-top: 1px solid var(--line); font-size: .85rem;
}
.adapters dt { flex: 0 0 4rem; color: var(--soft); }
.adapters dd { overflow-wrap: anywhere; }

.table { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .87rem; }
caption { padding: .6rem .7rem .3rem; text-align: left; font-weight: 650; }
caption span { position: sticky; left: .7rem; display: inline-block; max-width: calc(100vw - 4rem); }
th, td {
  padding: .4rem .7rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400;
}
thead th {
  border-top: 0; color: var(--soft); font-size: .8rem; vertical-align: bottom;
  min-width: 6.5rem; max-width: 14rem; overflow-wrap: anywhere;
}
tbody th, thead th:first-child {
  position: sticky; left: 0; width: 17rem; min-width: 9.5rem; background: var(--card);
  border-right: 1px solid var(--line);
}
td { min-width: 6.5rem; max-width: 34rem; overflow-wrap: anywhere; }
.holds { min-width: 13rem; }
.saw { min-width: 9rem; white-space: pre-line; }
thead a { color: inherit; }
td small { display: block; max-width: 20rem; margin-top: .15rem; white-space: pre-line; }
.outcome { display: inline-block; padding: .05rem .5rem; border-radius: 5px; white-space: nowrap; }
.outcome a { color: inherit; }
.good { background: var(--good-bg); color: var(--good); }
.bad { background: var(--bad-bg); color: var(--bad); font-weight: 600; }
.flaky { background: var(--flaky-bg); color: var(--flaky); font-weight: 600; }
.none { background: var(--none-bg); color: var(--none); }

details { margin-top: .8rem; }
summary { padding: .42rem .3rem; cursor: pointer; border-bottom: 1px solid var(--line); }
summary:hover { background: var(--code); }
details[open] > summary { margin-bottom: .6rem; }
.found li {
  padding: .6rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; scroll-margin-top: .5rem;
}
.found li:target { background: var(--wait-bg); }
.found p { font-size: .9rem; }
pre {
  margin: .45rem 0; padding: .6rem .8rem; background: var(--code); border-radius: 6px; white-space: pre-wrap;
  overflow-wrap: anywhere; font-size: .8rem;
}
@media print { body { max-width: none; } .table { overflow: visible; } }
"""
