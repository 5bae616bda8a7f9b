import { addingCases } from './adding.js'
import { drainingCases } from './draining.js'
import { waitingCases } from './waiting.js'

export const CASES = [...addingCases, ...drainingCases, ...waitingCases]
