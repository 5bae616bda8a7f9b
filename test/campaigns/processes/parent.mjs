// A campaign that is killed itself must leave no process behind: each of them ends with the pipe to its parent.
process.stdin.on('close', () => process.exit(1)).resume()
