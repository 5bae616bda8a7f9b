import { openPlainjob } from './plainjob.js'

export const open = openPlainjob('FULL')
