/** The frame of the report: what stands before and behind the data. Its policy lets nothing run but its own script, and nothing reach the network. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inertJson } from '../text/inert-json.ts'

const part = (name: string) => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8')
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const entities: { [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) =>
  text
    .toWellFormed()
    .replaceAll('\0', '\ufffd')
    .replace(/[&<>"]/g, (character) => entities[character] as string)

export interface Page {
  head: string
  tail: string
}

/** @param about one line under the title */
export function page(title: string, about: string, session: object): Page {
  const style = part('report.css')
  const script = part('report.js')
  const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`
  const column = (name: string, className = '') => `<th scope="col"${className && ` class="${className}"`}>${name}</th>`
  return {
    head: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<div class="quiet">${escaped(about)}</div>
<noscript>This report needs its own script to be shown.</noscript>
<section class="whole"><div class="facts" id="facts"></div></section>
<section class="whole"><h2>Timeline</h2><div id="timeline"></div></section>
<section class="whole"><h2>Status</h2><div id="groups"></div></section>
<div class="pair">
<section class="whole"><h2>Slowest</h2><div id="slowest"></div></section>
<section class="whole"><h2>Biggest</h2><div id="biggest"></div></section>
</div>
<section>
<h2>Exchanges</h2>
<input id="filter" type="search" placeholder="Filter by method, URL or status" aria-label="Filter">
<div class="wide"><table>
<thead><tr>${column('#', 'number')}${column('Status')}${column('Method')}${column('URL')}${column('Received', 'number')}${column('Time', 'number')}${column('Waterfall')}</tr></thead>
<tbody id="rows"></tbody>
</table></div>
<button id="more" type="button" hidden></button>
<div class="legend"><span><i class="phase-connect"></i>connect</span><span><i class="phase-wait"></i>send and wait</span><span><i class="phase-receive"></i>receive</span></div>
</section>
<script type="application/json" id="session">${inertJson(session)}</script>
`,
    tail: `<script>${script}</script>
</body>
</html>
`,
  }
}
