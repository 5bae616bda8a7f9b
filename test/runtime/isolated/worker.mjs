// A program with a worker, to be killed: node worker.mjs DATABASE
import { posthaste } from 'posthaste'
import { tasksIn } from './ordinary.mjs'

const ph = await posthaste({ engine: `sqlite:${process.argv[2]}`, tasks: tasksIn('process') })
ph.work({ concurrency: 2 })
