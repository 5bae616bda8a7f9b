import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileRoot, fileRoot } from 'posthaste'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'

let folder = ''
let root: FileRoot
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthaste-files-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  root = fileRoot(join(folder, 'root'))
  await mkdir(join(folder, 'root', 'in'), { recursive: true })
  await writeFile(join(folder, 'root', 'in', 'a.txt'), 'a')
  await writeFile(join(folder, 'outside.txt'), 'outside')
  await symlink('../outside.txt', join(folder, 'root', 'link'))
  await symlink('..', join(folder, 'root', 'up'))
  await symlink('in/a.txt', join(folder, 'root', 'inner'))
})
const refused = { code: 'E_FILE', field: 'payload.file' }

describe('files below a folder', () => {
  test('are found by their path, also through links that stay inside', async () => {
    const real = await root.find('in/a.txt', 'payload.file')
    expect(await readFile(real, 'utf8')).toBe('a')
    expect(await root.find('inner', 'payload.file')).toBe(real)
  })

  test.each([
    ...[
      '',
      '.',
      '..',
      '../outside.txt',
      'in/../../outside.txt',
      'in/./a.txt',
      '/etc/passwd',
      'in//a.txt',
      'in/',
      '\\etc',
    ],
    ...[
      'C:/x',
      'in/a.txt\0.jpg',
      'nul',
      'in/COM1.txt',
      'a\nb',
      'in/a.txt.',
      'in/a.txt ',
      `${'d/'.repeat(40)}a`,
      'x'.repeat(300),
    ],
    ...['link', 'up/outside.txt', 'in', 'missing', 'in/a.txt/b'],
  ])('%j is refused', async (path) => {
    await expect(root.find(path, 'payload.file')).rejects.toMatchObject(refused)
  })

  test.each(['..', 'up/new.txt', 'in/../../new.txt', '/new.txt', 'in', 'link', 'in/a.txt/b'])(
    'nothing is placed at %j',
    async (path) => {
      await expect(root.place(join(folder, 'outside.txt'), path, 'payload.file')).rejects.toMatchObject(
        refused,
      )
      expect(await readdir(folder)).toEqual(['outside.txt', 'root'])
      expect(await readFile(join(folder, 'outside.txt'), 'utf8')).toBe('outside')
    },
  )

  test('are placed whole, for nobody else, and replaced', async () => {
    await chmod(join(folder, 'outside.txt'), 0o600)
    for (const text of ['one', 'two']) {
      await writeFile(join(folder, 'outside.txt'), text)
      await root.place(join(folder, 'outside.txt'), 'out/x/b.txt', 'payload.file')
      expect(await readFile(await root.find('out/x/b.txt', ''), 'utf8')).toBe(text)
    }
    expect(await readdir(join(folder, 'root', 'out', 'x'))).toEqual(['b.txt'])
    expect((await stat(join(folder, 'root', 'out', 'x'))).mode & 0o077).toBe(0)
  })

  test('a folder that is not there yet is made when something is placed', async () => {
    const later = fileRoot(join(folder, 'later'))
    await expect(later.find('a', 'payload.file')).rejects.toMatchObject(refused)
    await later.place(join(folder, 'outside.txt'), 'a', 'payload.file')
    expect(await readFile(join(folder, 'later', 'a'), 'utf8')).toBe('outside')
  })
})
