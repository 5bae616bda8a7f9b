import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Context } from 'hono'
import { PosthasteError } from '../../core/errors.ts'
import { packageFile } from '../../core/place.ts'
import type { Routes } from './routes.ts'

/** The built page. */
const FOLDER = fileURLToPath(packageFile('dashboard/dist/'))
const BASE = '/dashboard'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** As for every answer, and no script may make a policy of its own for what becomes markup. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

interface Asset {
  readonly type: string
  readonly plain: Buffer
  readonly packed: Buffer
  readonly tag: string
  /** The name changes with the contents: a browser may keep it for ever. */
  readonly hashed: boolean
}

/**
 * `/dashboard`: the built page. Every address under it that is no file answers the page, which reads the address itself.
 * All files are read once, when the first of them is asked for; nothing of a request ever becomes a path.
 */
export const dashboardRoutes = (): Routes => {
  let assets: ReadonlyMap<string, Asset> | null = null

  const serve = (context: Context): Response => {
    assets ??= readAssets()
    const name = context.req.path.slice(BASE.length + 1)
    const isFile = name.startsWith('assets/') || extname(name) === '.svg'
    const asset = assets.get(isFile ? name : 'index.html')
    if (asset === undefined) {
      throw new PosthasteError(
        'E_NOT_FOUND',
        isFile
          ? `There is nothing at ${context.req.path.slice(0, 200)}.`
          : 'The dashboard is not built: run npm run build.',
      )
    }
    const headers = new Headers({
      'content-type': asset.type,
      'content-security-policy': PAGE_POLICY,
      'cache-control': asset.hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: asset.tag,
      vary: 'accept-encoding',
    })
    if (context.req.header('if-none-match') === asset.tag) return new Response(null, { status: 304, headers })
    const packs = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '')
    if (packs) headers.set('content-encoding', 'gzip')
    const body = packs ? asset.packed : asset.plain
    headers.set('content-length', String(body.byteLength))
    return new Response(new Uint8Array(body), { headers })
  }

  return new Map([
    [BASE, { GET: serve }],
    [`${BASE}/*`, { GET: serve }],
  ])
}

/** Whether a path belongs to the page itself, which holds no data and is shown before anybody is logged in. */
export const isDashboardPath = (path: string): boolean => path === BASE || path.startsWith(`${BASE}/`)

const readAssets = (): ReadonlyMap<string, Asset> => {
  let names: string[]
  try {
    names = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(FOLDER, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
  } catch {
    return new Map()
  }
  return new Map(names.map((name) => [name, readAsset(name)]))
}

const readAsset = (name: string): Asset => {
  const plain = readFileSync(join(FOLDER, name))
  const tag = createHash('sha256').update(plain).digest('base64url').slice(0, 22)
  return {
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    plain,
    packed: gzipSync(plain, { level: 9 }),
    tag: `"${tag}"`,
    hashed: name.startsWith('assets/'),
  }
}
