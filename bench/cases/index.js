import { taskCases } from '../tasks/index.js'
import { addingCases } from './adding.js'
import { drainingCases } from './draining.js'
import { lookingCases } from './looking.js'
import { waitingCases } from './waiting.js'

export const CASES = [...addingCases, ...drainingCases, ...lookingCases, ...waitingCases, ...taskCases]
