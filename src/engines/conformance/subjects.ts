import { adding } from './adding.ts'
import { batchNumbers } from './batch-numbers.ts'
import { batches } from './batches.ts'
import { changing } from './changing.ts'
import { claiming } from './claiming.ts'
import { conditions } from './conditions.ts'
import { documents } from './documents.ts'
import { fidelity } from './fidelity.ts'
import { flows } from './flows.ts'
import { hinting } from './hinting.ts'
import { keyHolds } from './key-holds.ts'
import { keys } from './keys.ts'
import { leases } from './leases.ts'
import { life } from './life.ts'
import { limiting } from './limiting.ts'
import { listing } from './listing.ts'
import { overdue } from './overdue.ts'
import { pruning } from './pruning.ts'
import { queueing } from './queueing.ts'
import { reporting } from './reporting.ts'
import { rescuing } from './rescuing.ts'
import { restoring } from './restoring.ts'
import { settling } from './settling.ts'
import type { Subject } from './subject.ts'
import { timing } from './timing.ts'
import { transitions } from './transitions.ts'
import { turns } from './turns.ts'
import { working } from './working.ts'

/** From the simple to the involved: the first one that is red is the one to look at. */
export const subjects: readonly Subject[] = [
  ...[life, adding, fidelity, keys, claiming, leases, rescuing, settling, transitions, timing, changing],
  ...[reporting, queueing, listing, pruning, restoring, working, documents, batches, hinting],
  ...[keyHolds, conditions, flows, batchNumbers, overdue, limiting, turns],
]
