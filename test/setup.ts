/**
 * Runs before every test file: tests must not depend on the settings of the shell that started them, so the
 * variables that Posthaste reads are removed. A test that needs one sets it for the process it starts.
 */
const OURS =
  /^(POSTHASTE_|SMTP_URL$|MAIL_FROM$|REDISADDR$|MAXRETRIES$|WORKERCOUNT$|APIADDR$|WORKERTIMEOUT$|REDIS_)/

for (const name of Object.keys(process.env)) {
  // The switch of the planted-bug tests is set on purpose by whoever starts the run.
  if (OURS.test(name) && name !== 'POSTHASTE_PLANTED_BUG') delete process.env[name]
}
