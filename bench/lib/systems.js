/**
 * Where each system lives. The peers have a folder and packages of their own, installed on demand.
 * @type {Readonly<Record<string, () => Promise<{ open: import('./types.js').OpenSystem }>>>}
 */
const SYSTEMS = {
  posthaste: () => import('./posthaste.js'),
  plainjob: () => import(new URL('../peers/plainjob.js', import.meta.url).href),
  'plainjob-full': () => import(new URL('../peers/plainjob-full.js', import.meta.url).href),
}

/** @param {string} name */
export const openerOf = async (name) => {
  const load = SYSTEMS[name]
  if (load === undefined) throw new Error(`There is no system ${name}`)
  const { open } = await load()
  return open
}
