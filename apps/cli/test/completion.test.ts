import { execFile } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from '@jest/globals'
import { pathOf } from '../src/completion/candidates.ts'
import { VALUE_SOURCES } from '../src/completion/values.ts'
import { buildProgram, commandsOf } from '../src/program.ts'
import { type FakeOptions, FakeShell } from './fake-shell.ts'

const shells: FakeShell[] = []
const shellWith = (options: FakeOptions = {}): FakeShell => {
  const shell = new FakeShell(options)
  shells.push(shell)
  return shell
}
afterEach(async () => {
  for (const shell of shells.splice(0)) await shell.remove()
})

const bus: FakeOptions = {
  peers: ['listener', 'lamp', 'driver'],
  answers: {
    'lamp.inspect': { methods: ['on', 'off'] },
    'platform.config_store.list_stores': ['driver'],
    'platform.config_store.list_configs': (identity: string) => [`main of ${identity}`],
    'platform.federation.status': { registry: null, platforms: [{ platform: 'site-b' }] },
  },
}

const candidates = async (...words: string[]): Promise<string[]> =>
  (await shellWith(bus).run('__complete', '--', ...words)).out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0]!)

describe('completion', () => {
  it.each<[string[], string[]]>([
    [['pi'], ['ping']],
    [
      ['federation', ''],
      ['platform', 'status'],
    ],
    [['federation', 'platform', 'a'], ['accept']],
    [
      ['ping', 'l'],
      ['lamp', 'listener'],
    ],
    [['ping', '--count', '3', 'd'], ['driver']],
    [['-t', '5', 'ping', 'd'], ['driver']],
    [['ping', '--coun'], ['--count']],
    [['ping', '--jso'], ['--json']],
    [['ping', '--count', ''], []],
    [['ping', 'lamp', ''], []],
    [
      ['rpc', 'call', 'lamp', ''],
      ['off', 'on'],
    ],
    [['rpc', 'list', 'lamp', 'on', 'of'], ['off']],
    [['config', 'get', 'driver', ''], ['main of driver']],
    [['check', 'platform', ''], ['site-b']],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
    [['nonsense', ''], []],
  ])('offers for %j: %j', async (words, expected) => {
    expect((await candidates(...words)).sort()).toEqual(expected)
  })

  it('begins with all commands, with what they are for, and without hidden ones', async () => {
    const { out } = await shellWith().run('__complete', '--', '')
    expect(out).toMatch(/^peerlist\tidentities of the peers on the bus$/m)
    expect(out).not.toContain('__complete')
  })

  it('offers nothing, and no error, when the platform is slow, away or fails', async () => {
    const never = () => new Promise(() => {})
    const fail = () => {
      throw new Error('away')
    }
    for (const answer of [never, fail]) {
      const shell = shellWith({ answers: { 'lamp.inspect': answer } })
      expect(await shell.run('__complete', '--', 'rpc', 'call', 'lamp', '')).toMatchObject({
        code: 0,
        out: '',
        err: '',
      })
    }
  })

  it('knows values only for commands and arguments that exist', () => {
    const program = buildProgram(shellWith().shell())
    const known = new Map(commandsOf(program).map((command) => [pathOf(command), command.registeredArguments.length]))
    for (const [path, sources] of Object.entries(VALUE_SOURCES)) {
      expect(known.get(path) ?? 0).toBeGreaterThanOrEqual(sources.length)
    }
  })

  it('works in bash', async () => {
    const shell = shellWith()
    const { out: script } = await shell.run('completion', 'bash')
    writeFileSync(join(shell.home, 'vctl'), '#!/bin/sh\nprintf "%s\\tsummary\\n" "$@"\n')
    chmodSync(join(shell.home, 'vctl'), 0o755)
    const { stdout } = await promisify(execFile)(
      'bash',
      ['-c', `${script}\nCOMP_WORDS=(vctl ping "two words"); COMP_CWORD=2; _vctl; printf '%s\\n' "\${COMPREPLY[@]}"`],
      { env: { PATH: `${shell.home}:${process.env.PATH}` } },
    )
    expect(stdout).toBe('__complete\n--\nping\ntwo words\n')
  })

  it.each(['bash', 'zsh', 'fish'])('has a script for %s', async (name) => {
    const shell = shellWith()
    expect((await shell.run('completion', name)).out).toContain('vctl __complete -- ')
    expect((await shell.run('completion', name, '--json')).json()).toMatchObject({ shell: name })
  })

  it('has none for another shell', async () => {
    expect((await shellWith().run('completion', 'csh')).code).toBe(64)
  })
})
