import { describe, expect, it } from 'vitest'
import { cycles, engineNames, floors, lightIndex, pureCore, tasksAreUsers } from './rules/floors.ts'
import { changelog, exportsExist, installScripts } from './rules/package.ts'
import { allowedPosix, portable } from './rules/portable.ts'
import { fileLength, looseEnds, machines, promise, terminal } from './rules/words.ts'
import type { Rule } from './tree.ts'
import { readTree, treeOf } from './tree.ts'

const RULES: readonly Rule[] = [
  floors,
  engineNames,
  lightIndex,
  tasksAreUsers,
  pureCore,
  cycles,
  looseEnds,
  fileLength,
  terminal,
  promise,
  machines,
  portable,
  exportsExist,
  changelog,
  installScripts,
]

const tree = readTree()

describe.each(RULES)('$name', (rule) => {
  it('holds in this repository', () => {
    expect(rule.check(tree)).toEqual([])
  })

  it('finds every breach in a tree that breaks it', () => {
    const complaints = rule.check(treeOf(rule.broken))
    expect(complaints, complaints.join('\n')).toHaveLength(rule.complaints)
  })

  it('lets pass what only looks like a breach', () => {
    expect(rule.check(treeOf(rule.right))).toEqual([])
  })
})

it('lists the lines that work on POSIX systems alone', () => {
  const lines = allowedPosix(tree)
  console.info(lines.length === 0 ? 'No line needs a POSIX system.' : `POSIX only:\n${lines.join('\n')}`)
  expect(new Set(lines).size).toBe(lines.length)
})
