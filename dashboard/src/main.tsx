import { render } from 'preact'
import { startLive } from './api/live.ts'
import { App } from './app.tsx'
import { startClock } from './state/clock.ts'
import { startKeys } from './state/keys.ts'
import { LOGIN_PATH, resumeWanted } from './state/login.ts'
import { place, startRouter } from './state/router.ts'
import { startStats } from './state/stats.ts'
import { startTheme } from './state/theme.ts'

startTheme()
startRouter()
resumeWanted()
startKeys()
startClock()
// Before a login there is nothing to read; the login itself loads the page anew.
if (place.value.path !== LOGIN_PATH) {
  startStats()
  startLive()
}

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
