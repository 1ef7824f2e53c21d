import { mkdtempSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { LogFiles } from './log-files.ts'
import { runTool, toolError, type Workplace } from './run-tool.ts'

let folder: string
let stopping: AbortController
let place: Workplace
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'volttron-tool-'))
  stopping = new AbortController()
  const logs = new LogFiles(join(folder, 'logs'))
  logs.prepare()
  place = {
    logs,
    environment: process.env,
    signal: stopping.signal,
    user: undefined,
    subject: 'listener',
    folder,
    scratch: folder,
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (program: string) => runTool({ command: process.execPath, args: ['-e', program] }, place)
const logged = async () => (await place.logs.read('install.log')).lines.join('\n')

/** Resolves when there is a file of that name. */
const fileIn = (path: string, name: string) =>
  new Promise<void>((resolve) => {
    const watcher = watch(path, (_event, seen) => {
      if (seen !== name) return
      watcher.close()
      resolve()
    })
  })

describe('a tool', () => {
  it('gives what it prints, and all of it stands in the log of installations', async () => {
    expect(await run('console.error("working"); console.log("done")')).toBe('done\n')
    expect(await logged()).toMatch(/\$ .*\n(working\ndone|done\nworking)/)
  })

  it('that fails is told by its last complaint', async () => {
    const error = await run('console.error("ERROR: no such thing"); process.exit(3)').catch((thrown: unknown) => thrown)
    expect(toolError('pip cannot install x', error, place.logs, /^ERROR: /)).toMatchObject({
      code: 'bad-data',
      message: 'pip cannot install x: no such thing',
    })
    const missing = runTool({ command: join(folder, 'nothing'), args: [] }, place)
    await expect(missing).rejects.toMatchObject({ isMissing: true })
  })

  it('is ended with all it has started when the platform stops', async () => {
    // The inner process keeps the output open: the outer one has only ended when both have.
    const place = JSON.stringify(join(folder, 'started'))
    const inner = `require('node:fs').writeFileSync(${place}, ''); setInterval(() => {}, 1000)`
    const started = fileIn(folder, 'started')
    const running = run(`require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}],
      { stdio: ['ignore', 'inherit', 'inherit'] })`)
    const outcome = expect(running).rejects.toMatchObject({ code: 'unavailable', message: 'the platform is stopping' })
    await started
    stopping.abort()
    await outcome
    await expect(run('')).rejects.toMatchObject({ code: 'unavailable' })
  })
})
