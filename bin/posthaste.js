#!/usr/bin/env node
// Stays tiny and old-fashioned, so that a Node.js too old for the rest still reaches the first message.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`posthaste: needs Node.js 20.19 or newer; this is ${process.versions.node}.`)
  process.exit(78)
}

const { existsSync } = await import('node:fs')
const program = new URL('../dist/cli/main.js', import.meta.url)
if (!existsSync(program)) {
  console.error('posthaste: not built yet. Run: npm run build')
  process.exit(1)
}
const { main } = await import(program.href)
process.exitCode = await main(process.argv.slice(2))
