// A process of a campaign that does nothing but keep the store in order: it fires schedules among other things.
import { posthaste } from 'posthaste'

const { engine } = JSON.parse(process.argv[2] ?? '{}')
const ph = await posthaste({ engine, maintain: true })
process.stdout.write('ready\n')
process.on('SIGTERM', async () => {
  await ph.close()
  process.exit(0)
})
