/** The one stylesheet of the mailbox. Served from a route, because the pages allow no style of their own. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d2430; --soft: #5c6675; --line: #e6e3dd; --hover: #f3f1ec;
  --accent: #2f5d8c; --accent-soft: #e6eef6; --shadow: 0 1px 2px rgb(30 30 20 / 5%), 0 8px 24px rgb(30 30 20 / 4%);
  --h0: #2f5d8c; --h1: #7a4f8f; --h2: #2c7265; --h3: #9a5a24; --h4: #a04452; --h5: #55652a;
  font: 15px/1.5 ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --card: #1a1e25; --ink: #e5e8ec; --soft: #98a2b0; --line: #2a303a; --hover: #20252d;
    --accent: #8fb8e3; --accent-soft: #213042; --shadow: none;
    --h0: #3f6f9f; --h1: #80598f; --h2: #387a6e; --h3: #96602f; --h4: #9b4d59; --h5: #5f6e35;
  }
}
* { box-sizing: border-box; }
html { height: 100%; }
body { margin: 0; min-height: 100%; background: var(--paper); color: var(--ink); }
a { color: var(--accent); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
h1, h2, p, ul, dl, dd { margin: 0; padding: 0; }
code, pre { font: 13px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }

.top { display: flex; align-items: center; gap: .3rem 1rem; flex-wrap: wrap; padding: .8rem 1.25rem;
  border-bottom: 1px solid var(--line); background: var(--card); }
.brand { display: flex; align-items: center; gap: .55rem; font-weight: 650; letter-spacing: -.01em;
  color: inherit; text-decoration: none; }
.brand svg { width: 1.4rem; height: 1.4rem; color: var(--accent); }
.brand span { color: var(--soft); font-weight: 400; }
.target { margin-left: auto; color: var(--soft); font-size: .87rem; display: flex; align-items: center; gap: .5rem; }
.target::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%; background: var(--h2); }

.desk { display: grid; grid-template-columns: minmax(19rem, 25rem) minmax(0, 1fr); }
.list { border-right: 1px solid var(--line); background: var(--card); min-height: calc(100vh - 3.2rem); }
.list ol { list-style: none; margin: 0; padding: 0; }
.row { display: grid; grid-template-columns: 2.4rem minmax(0, 1fr) auto; gap: 0 .8rem; padding: .8rem 1.1rem;
  color: inherit; text-decoration: none; border-bottom: 1px solid var(--line); line-height: 1.45; }
.row:hover { background: var(--hover); }
.row[aria-current] { background: var(--accent-soft); box-shadow: inset 3px 0 0 var(--accent); }
.row:focus-visible { outline-offset: -2px; }
.row .face { grid-row: span 4; margin-top: .15rem; }
.row .name { font-weight: 600; }
.row .when { text-align: right; color: var(--soft); font-size: .82rem; font-variant-numeric: tabular-nums; padding-top: .1rem; }
.row .subject, .row .preview { grid-column: 2 / -1; }
.row .to { grid-column: 2; }
.row .to, .row .preview, .row .size { color: var(--soft); font-size: .87rem; }
.row .size { text-align: right; font-size: .82rem; font-variant-numeric: tabular-nums; }
.clipped { width: .95rem; height: .95rem; vertical-align: -.16rem; margin-right: .3rem; }
.clip { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.face { display: grid; place-items: center; width: 2.4rem; height: 2.4rem; border-radius: 50%; color: #fff;
  font-size: .86rem; font-weight: 600; letter-spacing: .02em; background: var(--h0); flex: none; }
.h1 { background: var(--h1); } .h2 { background: var(--h2); } .h3 { background: var(--h3); }
.h4 { background: var(--h4); } .h5 { background: var(--h5); }
.count, .pages { padding: .65rem 1.1rem; color: var(--soft); font-size: .85rem; display: flex; gap: 1rem; }
.count { border-bottom: 1px solid var(--line); justify-content: space-between; }

.read { padding: 2rem clamp(1rem, 4vw, 3rem) 3rem; min-width: 0; }
.sheet { max-width: 54rem; margin: 0 auto; }
.back { display: none; margin-bottom: 1rem; }
.sheet h1 { font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; }
.meta { display: flex; gap: .9rem; margin: 1.3rem 0 1.4rem; align-items: flex-start; }
.meta div { min-width: 0; flex: 1; overflow-wrap: anywhere; }
.meta .addr, .meta .to, .meta time { color: var(--soft); font-size: .9rem; }
.meta time { flex: none; padding-top: .1rem; }
.tabs { display: flex; gap: .25rem 1.4rem; flex-wrap: wrap; border-bottom: 1px solid var(--line); margin-bottom: 1.1rem; }
.tabs a { padding: .45rem 0; margin-bottom: -1px; color: var(--soft); text-decoration: none;
  border-bottom: 2px solid transparent; }
.tabs a:hover { color: var(--ink); }
.tabs a[aria-current] { color: var(--ink); border-color: var(--accent); font-weight: 600; }
.tabs .end { margin-left: auto; }
.body { background: var(--card); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); overflow: hidden; }
.body iframe { display: block; width: 100%; height: 62vh; min-height: 22rem; border: 0; background: #fff; color-scheme: light; resize: vertical; }
.body pre { margin: 0; padding: 1.3rem 1.4rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.body .prose { font: inherit; line-height: 1.65; }
.headers { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); padding: .5rem 1.4rem; }
.headers dt, .headers dd { padding: .5rem 0; border-bottom: 1px solid var(--line); font-size: .9rem; }
.headers dt { color: var(--soft); padding-right: 1.4rem; }
.headers dd { overflow-wrap: anywhere; }
.headers dt:nth-last-of-type(1), .headers dd:last-child { border: 0; }
.more { margin-top: 1.6rem; }
.more h2 { font-size: .78rem; text-transform: uppercase; letter-spacing: .07em; color: var(--soft); font-weight: 600; margin-bottom: .6rem; }
.chips { display: flex; flex-wrap: wrap; gap: .6rem; list-style: none; }
.chips a { display: flex; gap: .6rem; align-items: baseline; max-width: 100%; padding: .5rem .85rem; border: 1px solid var(--line);
  border-radius: 8px; background: var(--card); color: inherit; text-decoration: none; overflow-wrap: anywhere; }
.chips a:hover { border-color: var(--accent); }
.chips small { color: var(--soft); white-space: nowrap; }
.links { list-style: none; display: grid; gap: .3rem; overflow-wrap: anywhere; font-size: .92rem; }
.note { color: var(--soft); font-size: .9rem; padding: .8rem 1.4rem; border-top: 1px solid var(--line); }

.empty { max-width: 42rem; margin: 0 auto; padding: clamp(2.5rem, 11vh, 7rem) 1.25rem 3rem; }
.empty > svg { width: 4.2rem; height: 4.2rem; color: var(--accent); opacity: .85; }
.empty h1 { font-size: 1.45rem; letter-spacing: -.015em; margin: 1rem 0 .4rem; font-weight: 650; }
.empty p { color: var(--soft); }
.empty h2 { font-size: .92rem; margin: 1.7rem 0 .5rem; font-weight: 600; }
.empty pre { margin: 0; padding: 1rem 1.15rem; overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.quiet { color: var(--soft); display: grid; place-content: center; justify-items: center; gap: .7rem; min-height: 60vh; text-align: center; }
.quiet svg { width: 3rem; height: 3rem; opacity: .45; }

@media (max-width: 52rem) {
  .desk { display: block; }
  .list { border: 0; min-height: 0; }
  .desk.open .list, .desk:not(.open) .read { display: none; }
  .back { display: inline-block; }
  .read { padding: 1.25rem 1rem 2.5rem; }
  .sheet h1 { font-size: 1.25rem; }
  .meta { flex-wrap: wrap; }
  .meta time { order: 3; flex-basis: 100%; }
  .tabs { column-gap: 1rem; }
  .headers { display: block; padding: .5rem 1rem; }
  .headers dt { border: 0; padding-bottom: 0; }
  .headers dd { padding-top: 0; }
  .top { padding: .7rem 1rem; }
  .target { margin-left: 0; }
}
@media (prefers-reduced-motion: no-preference) { .row, .chips a, .tabs a { transition: background-color .12s, border-color .12s, color .12s; } }
`
