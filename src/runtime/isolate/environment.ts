import process from 'node:process'

/**
 * What a child sees of the environment: what programs need to find themselves at home (language, time zone, programs,
 * temporary files, certificates), and what its task asks for by name. Everything else stays with the worker, above all
 * the address and the password of the store.
 */
const PASSED: readonly string[] = [
  'PATH',
  'LANG',
  'LANGUAGE',
  'LC_ALL',
  'LC_CTYPE',
  'LC_COLLATE',
  'LC_NUMERIC',
  'LC_TIME',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  // Windows starts no program without these.
  'SystemRoot',
  'SystemDrive',
  'windir',
  'ComSpec',
  'PATHEXT',
]

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
/** What leads to the store. NODE_OPTIONS would undo the memory cap. */
const KEPT_BACK = /^(POSTHASTE_|REDIS|PG)|^(DATABASE_URL|NODE_OPTIONS)$/i

/** Whether a task may ask for this variable. */
export const isPassable = (name: unknown): boolean =>
  typeof name === 'string' && NAME.test(name) && !KEPT_BACK.test(name)

/** The environment of a child. */
export const childEnvironment = (names: readonly string[]): Record<string, string> => {
  const env: Record<string, string> = {}
  for (const name of [...PASSED, ...names]) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}
