import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { VolttronError } from '@volttron/vip'
import { type FakeOptions, FakeShell } from './fake-shell.ts'

const shells: FakeShell[] = []
afterEach(async () => {
  for (const shell of shells.splice(0)) {
    expect(shell.connections).toBe(0)
    await shell.remove()
  }
})

/** A store of one identity, as the platform keeps it: name to type and text. */
function storeShell(stored: Record<string, { type: string; data: string }> = {}, options: FakeOptions = {}): FakeShell {
  const shell = new FakeShell({
    ...options,
    answers: {
      'platform.config_store.list_stores': () => ['driver'],
      'platform.config_store.list_configs': () => Object.keys(stored),
      'platform.config_store.get_metadata': (_identity: string, name: string) => stored[name],
      'platform.config_store.get_config': (_identity: string, name: string, { raw }: { raw: boolean }) =>
        raw || stored[name]!.type === 'raw' ? stored[name]!.data : JSON.parse(stored[name]!.data),
      'platform.config_store.set_config': (_identity: string, name: string, data: string, kwargs: object) => {
        const { config_type: type } = kwargs as { config_type: string }
        try {
          if (type === 'json') JSON.parse(data)
        } catch {
          throw new VolttronError('bad-data', 'not JSON')
        }
        stored[name] = { type, data }
      },
      ...options.answers,
    },
  })
  shells.push(shell)
  return shell
}

describe('contents that are refused', () => {
  it('are named with where they came from, and what else they could be', async () => {
    const shell = storeShell({}, { input: '{' })
    const path = join(shell.home, 'bad.json')
    writeFileSync(path, '{')
    const hint = 'vctl: hint: --raw stores it as text, --csv as a table\n'
    const file = await shell.run('config', 'store', 'driver', 'main', path)
    expect(file).toMatchObject({ code: 65, err: `vctl: error: ${path}: not JSON\n${hint}` })
    expect((await shell.run('config', 'store', 'driver', 'main')).err).toBe(
      `vctl: error: standard input: not JSON\n${hint}`,
    )
  })
})

describe('vctl config', () => {
  it('stores what a file or standard input holds, as JSON unless told otherwise', async () => {
    const stored = {}
    const shell = storeShell(stored, { input: '{"a": 1}\n' })
    const file = join(shell.home, 'points.csv')
    writeFileSync(file, 'x,y\n1,2\n')
    expect(await shell.run('config', 'store', 'driver', 'main')).toMatchObject({ code: 0, out: '', err: '' })
    expect((await shell.run('config', 'store', 'driver', 'points', file, '--csv')).code).toBe(0)
    expect((await shell.run('config', 'store', 'driver', 'text', file, '--raw', '--json')).json()).toEqual({
      identity: 'driver',
      name: 'text',
      type: 'raw',
      stored: true,
    })
    expect(stored).toEqual({
      main: { type: 'json', data: '{"a": 1}\n' },
      points: { type: 'csv', data: 'x,y\n1,2\n' },
      text: { type: 'raw', data: 'x,y\n1,2\n' },
    })
  })

  it('gives back text byte for byte, and everything else as JSON', async () => {
    const shell = storeShell({ text: { type: 'raw', data: 'no line break' }, main: { type: 'json', data: '{"a":1}' } })
    expect((await shell.run('config', 'get', 'driver', 'text')).out).toBe('no line break')
    expect((await shell.run('config', 'get', 'driver', 'text', '--json')).json()).toBe('no line break')
    expect((await shell.run('config', 'get', 'driver', 'main')).out).toBe('{\n  "a": 1\n}\n')
    expect((await shell.run('config', 'get', 'driver', 'main', '--raw')).out).toBe('{"a":1}')
  })

  it('shows each digit of a number as it was stored, with --json too', async () => {
    const data = '// of a device\n{"id": 18446744073709551615, "scale": 1.10}'
    const shell = storeShell(
      { main: { type: 'json', data }, python: { type: 'json', data: '{"x": NaN}' } },
      {
        answers: {
          'platform.config_store.get_config': (_identity: string, name: string) =>
            name === 'main' ? { id: 18446744073709552000, scale: 1.1 } : { x: Number.NaN },
        },
      },
    )
    for (const more of [[], ['--json']]) {
      expect((await shell.run('config', 'get', 'driver', 'main', ...more)).out).toBe(
        '{\n  "id": 18446744073709551615,\n  "scale": 1.10\n}\n',
      )
      // What only Python takes for JSON is not written: others shall read it.
      expect((await shell.run('config', 'get', 'driver', 'python', ...more)).json()).toEqual({ x: null })
    }
  })

  it('lists stores, and names in one', async () => {
    const shell = storeShell({ b: { type: 'raw', data: '' }, a: { type: 'raw', data: '' } })
    expect((await shell.run('config', 'list')).out).toBe('driver\n')
    expect((await shell.run('config', 'list', 'driver')).out).toBe('b\na\n')
    expect((await storeShell().run('config', 'list', 'driver')).out).toBe('')
    expect((await storeShell().run('config', 'list', 'driver', '--json')).json()).toEqual([])
  })

  it('deletes one configuration, and all only when told so', async () => {
    const shell = storeShell()
    expect((await shell.run('config', 'delete', 'driver', 'main')).code).toBe(0)
    expect((await shell.run('config', 'delete', 'driver')).code).toBe(64)
    expect((await shell.run('config', 'delete', 'driver', 'main', '--all')).code).toBe(64)
    expect((await shell.run('config', 'delete', 'driver', '--all')).code).toBe(0)
    expect(shell.calls).toEqual([
      ['platform.config_store.delete_config', 'driver', 'main'],
      ['platform.config_store.delete_store', 'driver'],
    ])
  })

  it.each([
    ['y\n', [], 0],
    ['Yes\n', [], 0],
    ['n\n', [], 64],
    ['\n', [], 64],
    ['', [], 64],
    ['', ['--yes'], 0],
  ])('asks whoever sits there before a whole store goes (answer %j, options %j)', async (input, options, code) => {
    const shell = storeShell({}, { isAttended: true, input })
    expect((await shell.run('config', 'delete', 'driver', '--all', ...options)).code).toBe(code)
    expect(shell.calls).toHaveLength(code === 0 ? 1 : 0)
  })

  it('says when a file cannot be read', async () => {
    const { code, err } = await storeShell().run('config', 'store', 'driver', 'main', '/nowhere/x')
    expect(code).toBe(71)
    expect(err).toMatch(/^vctl: error: cannot read \/nowhere\/x: /)
  })
})

describe('vctl config edit', () => {
  /** An editor that replaces the text. */
  const typing = (text: string) => `printf '%s' '${text}' >`

  it('stores what was typed under the type it had', async () => {
    const stored = { main: { type: 'csv', data: 'a' } }
    const shell = storeShell(stored, { environment: { EDITOR: typing('b') } })
    expect((await shell.run('config', 'edit', 'driver', 'main')).code).toBe(0)
    expect(stored.main).toEqual({ type: 'csv', data: 'b' })
  })

  it('begins a new one, and forgets what is there on request', async () => {
    const stored: Record<string, { type: string; data: string }> = { old: { type: 'raw', data: 'a' } }
    const shell = storeShell(stored)
    await shell.run('config', 'edit', 'driver', 'fresh', '--editor', typing('{}'))
    await shell.run('config', 'edit', 'driver', 'old', '--new', '--editor', typing('[]'))
    expect(stored).toEqual({ fresh: { type: 'json', data: '{}' }, old: { type: 'json', data: '[]' } })
  })

  it('stores nothing when nothing was typed', async () => {
    const shell = storeShell({ main: { type: 'raw', data: 'a' } })
    expect(await shell.run('config', 'edit', 'driver', 'main', '--editor', 'true')).toMatchObject({
      code: 0,
      out: '',
      err: 'vctl: nothing was changed\n',
    })
    expect(shell.calls.some(([method]) => method.endsWith('set_config'))).toBe(false)
  })

  const keptFile = (err: string): string => /your text is in (\S+);/.exec(err)![1]!

  it('keeps what was typed when the platform refuses it, and says how to go on', async () => {
    const shell = storeShell({ main: { type: 'json', data: '{}' } })
    const { code, err } = await shell.run('config', 'edit', 'driver', 'main', '--editor', typing('{'))
    const path = keptFile(err)
    expect(code).toBe(65)
    expect(err).toContain(`mend it and run: vctl config store driver main ${path}\n`)
    expect(readFileSync(path, 'utf8')).toBe('{')
    rmSync(dirname(path), { recursive: true })
  })

  it('undoes nothing that somebody else has stored meanwhile', async () => {
    const stored = { main: { type: 'raw', data: 'a' } }
    let looks = 0
    const shell = storeShell(stored, {
      answers: {
        'platform.config_store.get_metadata': () => {
          looks += 1
          return { type: 'raw', data: looks === 1 ? 'a' : 'theirs' }
        },
      },
    })
    const { code, err } = await shell.run('config', 'edit', 'driver', 'main', '--editor', typing('mine'))
    expect(code).toBe(65)
    expect(err).toMatch(/changed by somebody else meanwhile/)
    expect(stored.main.data).toBe('a')
    expect(err).toContain(' --raw\n')
    rmSync(dirname(keptFile(err)), { recursive: true })
  })

  it('says when the editor fails', async () => {
    const { code, err } = await storeShell().run('config', 'edit', 'driver', 'main', '--editor', 'false')
    expect(code).toBe(71)
    const path = keptFile(err)
    expect(existsSync(path)).toBe(true)
    rmSync(dirname(path), { recursive: true })
  })
})

describe('vctl health', () => {
  const health = {
    listener: { peer: 'listener', service_agent: false, connected: 'T1', last_heartbeat: 'T2', message: 'GOOD' },
    'platform.control': { peer: 'platform.control', service_agent: true, connected: 'T0' },
  }
  const healthShell = () => {
    const shell = new FakeShell({
      answers: {
        'platform.health.get_platform_health': health,
        'platform.control.agents': [
          { uuid: 'abc-1', name: 'listeneragent-3.3', identity: 'listener' },
          { uuid: 'abd-2', name: 'other-1', identity: 'quiet' },
        ],
      },
    })
    shells.push(shell)
    return shell
  }

  it.each(['listener', 'abc', 'listeneragent-3.3'])('shows the health of %s as JSON', async (agent) => {
    const { code, out } = await healthShell().run('health', agent)
    expect(code).toBe(0)
    expect(out).toBe(`${JSON.stringify(health.listener, null, 4)}\n`)
  })

  it('says when there is none, when nobody is meant and when two are', async () => {
    const shell = healthShell()
    expect((await shell.run('health', 'quiet')).out).toBe('No health associated with quiet\n')
    expect((await shell.run('health', 'quiet', '--json')).json()).toEqual({})
    expect((await shell.run('health', 'nobody')).code).toBe(67)
    expect((await shell.run('health', '--name', '*')).code).toBe(64)
    expect((await shell.run('health', '--name', 'other*')).out).toBe('No health associated with quiet\n')
  })

  it('shows all as a table', async () => {
    const shell = healthShell()
    expect((await shell.run('health')).out).toMatch(/^listener +GOOD +T1 +T2\nplatform\.control +- +T0 +-\n/m)
    expect((await shell.run('health', '--json')).json()).toEqual(health)
  })
})
