// Cases that measure a task beside the bare library that does its work: `npm run bench -- --engine tasks`.
//
// A case is a `BenchCase` (lib/types.d.ts) with `systems: { tasks: ['posthaste', 'the bare library'] }`. Another one needs:
// - one file here, whose `run({ system, size, place })` measures the one system that is named, in a process of its own.
//   `place.url` and `place.folder` are an empty SQLite store and its folder, gone afterwards; what `prepare(folder, size)`
//   wrote, once and unmeasured, is in `place.prepared`;
// - its line below, its bare library in `SYSTEMS.tasks` (lib/systems.js), its goal in goals.js, its row in README.md.
import { dataCases } from './data.js'
import { imageCases } from './image.js'

/** @type {import('../lib/types.js').BenchCase[]} */
export const taskCases = [...imageCases, ...dataCases]
