import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Output } from '@volttron/testkit'
import { Stage } from './support/stage.ts'

let stage: Stage
beforeAll(() => {
  stage = new Stage()
})
afterAll(() => stage.cleanUp())

interface PrintedOption {
  readonly option: string
  readonly value: unknown
  readonly source: string
  readonly where: string
}

async function printed(home: string, args: string[], environment: NodeJS.ProcessEnv = {}) {
  const { code, stdout } = await stage.volttron(home, [...args, '--print-config', '--json'], environment)
  expect(code).toBe(0)
  const rows: PrintedOption[] = JSON.parse(stdout)
  return (option: string) => rows.find((row) => row.option === option)
}

/** One line that says what is wrong, no stack trace; a warning about running as root may stand on stdout. */
function expectOneLine({ code, stderr }: Output, exitCode: number, text: RegExp): void {
  expect(stderr).toMatch(/^volttron: error: [^\n]+\n$/)
  expect(stderr).toMatch(text)
  expect(stderr).not.toMatch(/\bat .*\.js:\d+/)
  expect(code).toBe(exitCode)
}

describe('the configuration of a platform', () => {
  it('takes a flag before the environment, the environment before the file, and says where each value is from', async () => {
    const home = stage.programs.makeFolder('precedence')
    writeFileSync(
      join(home, 'config'),
      '[volttron]\ninstance-name = from-file\nfederation-url = http://file:1\nfederation-group = file\n',
    )
    const environment = { VOLTTRON_FEDERATION_URL: 'http://environment:2', VOLTTRON_INSTANCE_NAME: 'from-environment' }
    const option = await printed(home, ['--instance-name', 'from-flag'], environment)
    expect(option('instance-name')).toMatchObject({ value: 'from-flag', source: 'flag' })
    expect(option('federation-url')).toMatchObject({ value: 'http://environment:2', source: 'environment' })
    expect(option('federation-group')).toMatchObject({ value: 'file', source: 'file' })
    expect(option('federation-group')?.where).toContain('config')
    expect(option('heartbeat-timeout')).toMatchObject({ value: 20_000, source: 'default' })
  })

  it('is checked by --check-config without a start', async () => {
    const home = stage.programs.makeFolder('checked')
    const config = join(home, 'config')
    writeFileSync(config, 'instance_name = fine,\naddress = tcp://127.0.0.1:22916,\nmessage_bus = zmq\n')
    expect(await stage.volttron(home, ['--check-config'])).toMatchObject({ code: 0 })
    const asJson = await stage.volttron(home, ['--check-config', '--json'])
    expect(JSON.parse(asJson.stdout)).toEqual({ valid: true, notes: [] })
    writeFileSync(config, 'instance_name = fine\nadress = tcp://127.0.0.1:22916\n')
    const wrong = await stage.volttron(home, ['--check-config'])
    expect(wrong.code).not.toBe(0)
    expect(wrong.stderr).toMatch(/adress.*address/)
  })

  it.each([
    { args: ['--adress', 'tcp://127.0.0.1:0'], exitCode: 64, text: /--adress.*--address/ },
    { args: ['--address', 'http://127.0.0.1:0'], exitCode: 64, text: /http:\/\/127\.0\.0\.1:0/ },
    { args: ['--address', 'tcp://127.0.0.1:66000'], exitCode: 64, text: /66000/ },
    { args: ['--address', 'tcp://0.0.0.0:22916'], exitCode: 64, text: /--advertise-address/ },
    { args: ['--instance-name', '123'], exitCode: 64, text: /letter/ },
    { args: ['--enable-federation', '--address', 'tcp://127.0.0.1:0'], exitCode: 64, text: /--federation-url/ },
    { args: ['surplus'], exitCode: 64, text: /surplus/ },
  ])('refuses $args in one line', async ({ args, exitCode, text }) => {
    const home = stage.programs.makeFolder('refused')
    expectOneLine(await stage.volttron(home, args), exitCode, text)
  })

  it('logs to the file it is told, from the first line to the last', async () => {
    const path = join(stage.programs.makeFolder('logs'), 'new', 'site.log')
    const site = await stage.programs.startPlatform('logging', ['--address', 'tcp://127.0.0.1:0', '--log', path])
    site.child.kill('SIGTERM')
    expect(await site.ended).toMatchObject({ code: 0 })
    const messages = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(messages).toEqual(expect.arrayContaining(['ready', 'stopping', 'stopped']))
    expectOneLine(await stage.volttron(site.home, ['--log', site.home]), 71, /cannot write the log .*a folder/)
  })

  it('names the port that is in use', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stage.defer(() => new Promise((resolve) => server.close(() => resolve())))
    const { port } = server.address() as { port: number }
    const home = stage.programs.makeFolder('port')
    expectOneLine(await stage.volttron(home, ['--address', `tcp://127.0.0.1:${port}`]), 71, new RegExp(`${port}.*use`))
  })

  it('refuses a damaged configuration file and leaves it as it is', async () => {
    const home = stage.programs.makeFolder('damaged')
    const rubbish = '[volttron\n\0\0\0 = =\n'
    writeFileSync(join(home, 'config'), rubbish)
    const end = await stage.volttron(home, ['--address', 'tcp://127.0.0.1:0'])
    expectOneLine(end, 78, /config/)
    expect(readFileSync(join(home, 'config'), 'utf8')).toBe(rubbish)
  })
})
