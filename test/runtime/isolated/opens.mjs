// A mistake that is easy to make: the module of the task is the one that opens the installation.
import { posthaste } from 'posthaste'

await posthaste({ engine: 'memory:' })
export default { name: 'opens', run: () => null }
