import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import type { ServerDeps } from './deps.ts'
import type { Routes } from './routes.ts'

interface Door {
  readonly path: string
  readonly about: string
  /** Opened with a browser. */
  readonly page?: true
}

const DOORS: readonly Door[] = [
  { path: '/dashboard', about: 'the jobs, to look at and to steer', page: true },
  { path: '/v1/jobs', about: 'the jobs: add with POST, list with GET' },
  { path: '/v1/stats', about: 'how many jobs are in which state' },
  { path: '/healthz', about: 'whether the store answers, and what it promises' },
  { path: '/readyz', about: 'whether requests may be sent here' },
]

/** `/` tells where things are: a page for people, JSON for programs. */
export const homeRoutes = ({ packs }: ServerDeps): Routes => {
  const pages = packs.flatMap((pack) =>
    (pack.routes ?? [])
      .filter(({ method, path }) => method === 'GET' && /^\/[\w-]+$/.test(path))
      .map(({ path }): Door => ({ path, about: `pages of the ${pack.name} pack`, page: true })),
  )
  const doors = [...pages, ...DOORS]
  const html = renderHome(doors)
  return new Map([
    ['/', { GET: (context: Context) => (wantsHtml(context) ? page(html) : context.json({ doors })) }],
  ])
}

const wantsHtml = (context: Context): boolean => (context.req.header('accept') ?? '').includes('text/html')

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif }
body { max-width: 38rem; margin: 12vh auto; padding: 0 1.5rem }
h1 { font-size: 1.6rem; letter-spacing: -.02em; margin: 0 0 .25rem }
p { color: GrayText; margin: 0 0 2rem }
li { display: flex; gap: 1rem; padding: .6rem 0; border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent) }
ul { list-style: none; padding: 0; margin: 0 0 2rem }
a { font-family: ui-monospace, monospace; min-width: 7rem }
pre { padding: 1rem; border-radius: .5rem; overflow-x: auto; font-size: .85rem; background: color-mix(in srgb, currentColor 7%, transparent) }
`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

const renderHome = (doors: readonly Door[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Posthaste</title>
<style>${STYLE}</style>
<h1>Posthaste</h1>
<p>Durable background jobs. This server is running.</p>
<ul>
${doors.map(({ path, about }) => `<li><a href="${escapeHtml(path)}">${escapeHtml(path)}</a> <span>${escapeHtml(about)}</span></li>`).join('\n')}
</ul>
<p>Add a job:</p>
<pre>posthaste submit --payload hello --wait</pre>
</html>
`

const page = (html: string): Response =>
  new Response(html, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      // The one style of this page is inside it; its hash is all that is allowed beyond nothing.
      'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
    },
  })
