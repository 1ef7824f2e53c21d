import { describe, expect, it } from '@jest/globals'
import { describeError, VolttronError } from '@volttron/vip'
import { type OptionPorts, type PlatformCommand, parsePlatformOptions } from './platform-options.ts'
import { printConfig } from './print-config.ts'

const CONFIG = '/home/op/.volttron/config'

interface World {
  readonly argv?: string
  readonly env?: Record<string, string>
  readonly config?: string
  readonly files?: Record<string, string>
}

function parse({ argv = '', env = {}, config, files = {} }: World): PlatformCommand {
  const all: Record<string, string> = { ...files, ...(config === undefined ? {} : { [CONFIG]: config }) }
  const ports: OptionPorts = {
    readFile: (path) => all[path],
    hostName: 'field-box.local',
    userHome: '/home/op',
    workingFolder: '/work-dir',
    version: '1.2.3',
  }
  return parsePlatformOptions(argv.split(' ').filter(Boolean), env, ports)
}

function run(world: World): Exclude<PlatformCommand, { action: 'show' }> {
  const command = parse(world)
  if (command.action === 'show') throw new Error(command.text)
  return command
}

function failure(world: World): { code: number; text: string } {
  try {
    parse(world)
  } catch (error) {
    if (!(error instanceof VolttronError)) throw error
    return { code: error.exitCode, text: describeError(error) }
  }
  throw new Error('no error')
}

const FEDERATED = '--enable-federation --federation-url http://127.0.0.1:8000 --address tcp://127.0.0.1:22916'

describe('the volttron command line', () => {
  it('takes the command of the federation guide as it stands there', () => {
    const { options, notices } = run({
      argv: '--enable-federation --address tcp://192.168.1.10:22916 --federation-url http://192.168.1.10:8000 --instance-name volttron-instance-1',
    })
    expect(options).toMatchObject({
      home: '/home/op/.volttron',
      instanceName: 'volttron-instance-1',
      addresses: {
        local: { scheme: 'ipc', path: '/home/op/.volttron/run/vip.socket' },
        listen: [{ scheme: 'tcp', host: '192.168.1.10', port: 22916 }],
        advertise: { scheme: 'tcp', host: '192.168.1.10', port: 22916 },
      },
      federation: { registryUrl: 'http://192.168.1.10:8000', dialOnly: false, group: undefined, trust: 'registry' },
    })
    expect(notices).toEqual([
      'the registry http://192.168.1.10:8000 has neither TLS nor a password: whoever can reach it can add platforms',
    ])
  })

  it('takes the configuration snippet of the federation guide as it stands there', () => {
    const { options } = run({
      config:
        'enable_federation = true,\nfederation_url = http://registry-service:8000\naddress = tcp://192.168.1.10:22916\ninstance-name = volttron-instance-1\n',
    })
    expect(options.federation?.registryUrl).toBe('http://registry-service:8000')
    expect(options.instanceName).toBe('volttron-instance-1')
  })

  it('runs without any option: local socket, loopback port, host name', () => {
    const { action, options, notices } = run({})
    expect(action).toBe('run')
    expect(options).toMatchObject({
      instanceName: 'field-box-local',
      addresses: { listen: [{ scheme: 'tcp', host: '127.0.0.1', port: 22916 }] },
      federation: undefined,
      log: { level: 'info', format: 'auto', file: undefined },
      limits: {
        maxMessageBytes: 16 * 1024 * 1024,
        peerQueueBytes: 8 * 1024 * 1024,
        maxUnauthenticated: 256,
        maxUnauthenticatedPerAddress: 32,
        handshakeTimeMs: 5000,
        maxHandshakes: 64,
      },
      agentMonitorFrequencyS: 600,
    })
    expect(notices).toEqual([])
    expect(Object.isFrozen(options.limits)).toBe(true)
  })

  it('prefers flag over environment over file', () => {
    const config = 'instance-name = from-file'
    const env = { VOLTTRON_INSTANCE_NAME: 'from-environment' }
    const name = (world: World) => run(world).options.instanceName
    expect(name({ argv: '--instance-name from-flag', env, config })).toBe('from-flag')
    expect(name({ env, config })).toBe('from-environment')
    expect(name({ config })).toBe('from-file')
  })

  it('reads every option from the environment', () => {
    const { options } = run({
      env: {
        VOLTTRON_HOME: '~/site',
        VOLTTRON_ENABLE_FEDERATION: 'true',
        VOLTTRON_FEDERATION_URL: 'https://lookup.example/v1/',
        VOLTTRON_ADDRESS: 'tcp://10.0.0.1:1,tcp://10.0.0.1:2',
        VOLTTRON_FEDERATION_ALLOW: 'a b',
        VOLTTRON_HANDSHAKE_TIME: '2s',
        VOLTTRON_MAX_MESSAGE_SIZE: '1MiB',
      },
    })
    expect(options).toMatchObject({
      home: '/home/op/site',
      federation: { registryUrl: 'https://lookup.example/v1', allow: ['a', 'b'] },
      addresses: { listen: [{ port: 1 }, { port: 2 }], advertise: { port: 1 } },
      limits: { handshakeTimeMs: 2000, maxMessageBytes: 1024 * 1024 },
    })
  })

  it('listens on several addresses and advertises the one it is told', () => {
    const { options } = run({
      argv: '--address tcp://0.0.0.0:22916 --address tcp://[::1]:22917 --advertise-address tcp://site.example:5000',
    })
    expect(options.addresses.listen).toHaveLength(2)
    expect(options.addresses.advertise).toEqual({ scheme: 'tcp', host: 'site.example', port: 5000 })
  })

  it('needs no address when it is dial-only', () => {
    const { options } = run({ argv: '--enable-federation --federation-url http://127.0.0.1:8000 --dial-only' })
    expect(options.addresses).toMatchObject({ listen: [], advertise: undefined })
    expect(options.federation?.dialOnly).toBe(true)
  })

  it('lets the last of two opposite flags win', () => {
    expect(run({ argv: `${FEDERATED} --disable-federation` }).options.federation).toBeUndefined()
    expect(run({ argv: `--disable-federation ${FEDERATED}` }).options.federation).toBeDefined()
    expect(run({ argv: '--disable-federation', config: 'enable-federation = true' }).options.federation).toBeUndefined()
  })

  it('reads the files of the registry password and its certificates beside the configuration that names them', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n'
    const { options, resolved } = run({
      argv: `${FEDERATED} --federation-ca ca.pem`,
      config: 'registration-password-file = password',
      files: { '/home/op/.volttron/password': 'open sesame\n', '/work-dir/ca.pem': pem },
    })
    expect(options.federation).toMatchObject({ registrationPassword: 'open sesame', ca: pem })
    expect(JSON.stringify(resolved)).not.toContain('sesame')
  })

  it.each([
    ['-v', { level: 'debug' }],
    ['-vv', { level: 'trace' }],
    ['-vvvv', { level: 'trace' }],
    ['-q', { level: 'warn' }],
    ['-q -q', { level: 'error' }],
    ['--verboseness 10', { level: 'debug' }],
    ['--verboseness 100', { level: 'fatal' }],
    ['--log-level WARNING', { level: 'warn' }],
    ['--log-level error --log-level federation:debug', { level: 'error', componentLevels: { federation: 'debug' } }],
    ['-l run.log --log-format json', { file: '/work-dir/run.log', format: 'json' }],
  ])('logs as %s says', (argv, log) => {
    expect(run({ argv }).options.log).toMatchObject(log)
  })

  it('says in one line each which options have no effect', () => {
    const { notices } = run({
      argv: '-L log.yml --monitor --auth-disabled --dev --enable-federation-cache --federation-cache-limit-gb 1',
      config: 'agent-isolation-mode = True\nserver-messagebus-id = vip.server\nmessage-bus = zmq\ninitialized = True',
    })
    expect(notices).toContain('auth-enabled (--auth-enabled) has no effect: authentication is always on')
    expect(notices).toHaveLength(7)
  })

  it('says that sections of other services have no effect', () => {
    expect(run({ config: '[volttron]\ninstance-name = p1\n[web]\nport = 8080\n' }).notices).toEqual([
      `section [web] of ${CONFIG} has no effect`,
    ])
  })

  it('is silent about what the Python platform writes by itself', () => {
    const config =
      '[volttron]\ninstance-name = p1\naddress = tcp://127.0.0.1:22916\nagent-isolation-mode = False\nmessagebus = zmq\n' +
      'auth-enabled = True\nserver-messagebus-id = vip.server\nagent-monitor-frequency = 600\nenable-federation = False\n' +
      'federation-url = None\nenable-federation-cache = False\n'
    expect(run({ config }).notices).toEqual([])
  })

  it('listens as without an address where the file names the local socket for Python agents', () => {
    const config = 'instance-name = p1\naddress = ipc:///home/op/.volttron/run/vip.socket\n'
    expect(run({ config }).options.addresses).toEqual(run({}).options.addresses)
    expect(run({ config, argv: '--address tcp://127.0.0.1:5' }).notices).toEqual([])
  })

  it('says when Python agents will dial another address than it listens on', () => {
    const config = 'address = tcp://127.0.0.1:1'
    expect(run({ config }).notices).toEqual([])
    expect(run({ config, argv: '--address tcp://127.0.0.1:2' }).notices).toEqual([
      `${CONFIG} names the address tcp://127.0.0.1:1, which is not served now: Python agents and tools will dial it (mend it there)`,
    ])
    const generated = '[volttron]\nmessagebus = zmq\ninstance-name = p1\naddress = tcp://127.0.0.1:1\n'
    expect(run({ config: generated, argv: '--address tcp://127.0.0.1:2' }).notices).toEqual([])
  })

  it('warns about an address that nobody else can reach', () => {
    const argv = '--enable-federation --federation-url https://r.example --address tcp://127.0.0.1:22916'
    expect(run({ argv }).notices).toEqual([
      'platforms on other machines cannot reach tcp://127.0.0.1:22916: see --advertise-address',
    ])
  })

  it('prints help and version', () => {
    const help = parse({ argv: '--help' })
    expect(help.action === 'show' && help.text).toMatch(
      /--advertise-address <ADDRESS>[\s\S]*--federation-url <URL>[\s\S]*Exit codes/,
    )
    expect(help.action === 'show' && help.text).not.toContain('accepted for compatibility')
    expect(parse({ argv: '--version' })).toEqual({ action: 'show', text: '1.2.3\n' })
  })

  it('knows what is asked for', () => {
    expect(run({ argv: '--check-config' }).action).toBe('check-config')
    expect(run({ argv: '--print-config --json' })).toMatchObject({ action: 'print-config', json: true })
    expect(run({ argv: '--show-config' }).action).toBe('print-config')
  })
})

describe('bad input on the command line', () => {
  it.each<[World, number, string]>([
    [{ argv: '--adress tcp://a:1' }, 64, "unknown option '--adress' (did you mean --address?)"],
    [{ argv: '--address' }, 64, "option '--address <ADDRESS>' argument missing (volttron --help lists all options)"],
    [{ argv: 'start' }, 64, "unexpected argument 'start' (volttron --help lists all options)"],
    [{ argv: '--address udp://a:1' }, 64, "--address: bad address 'udp://a:1': the scheme 'udp' is not supported"],
    [{ argv: '--address tcp://a:99999' }, 64, "--address: bad address 'tcp://a:99999': a port is at most 65535"],
    [{ config: '\naddress = tcp://a:x' }, 78, `${CONFIG} line 2, address: bad address 'tcp://a:x': expected HOST:PORT`],
    [{ argv: '--address tcp://a:1 --address a:1' }, 64, '--address: tcp://a:1 is given twice'],
    [
      { argv: '--address tcp://0.0.0.0:22916' },
      64,
      '--address: tcp://0.0.0.0:22916 means every interface, which no other platform can dial (name an address',
    ],
    [{ config: 'address = tcp://*:22916' }, 78, `${CONFIG} line 1, address: tcp://*:22916 means every interface`],
    [{ argv: '--advertise-address tcp://*:1' }, 64, '--advertise-address: tcp://*:1 means every interface'],
    [{ argv: '--advertise-address ipc:///x' }, 64, '--advertise-address: other platforms cannot dial ipc:///x'],
    [{ argv: '--advertise-address tcp://a:0' }, 64, '--advertise-address: tcp://a:0 has no port'],
    [{ argv: '--dial-only --advertise-address tcp://a:1' }, 64, '--advertise-address: a dial-only platform has no'],
    [{ argv: '--local-address tcp://a:1' }, 64, '--local-address: tcp://a:1 is no local socket'],
    [
      { env: { VOLTTRON_HOME: `/${'x'.repeat(120)}` } },
      64,
      'the path of the local socket has 136 bytes, 103 are allowed',
    ],
    [{ argv: '--enable-federation' }, 64, '--enable-federation: federation needs the URL of the platform registry'],
    [{ config: 'enable-federation = true' }, 78, `${CONFIG} line 1, enable-federation: federation needs the URL`],
    [
      { argv: '--enable-federation --federation-url http://r:8000' },
      64,
      '--enable-federation: federation needs an address that other platforms reach (add --address',
    ],
    [{ argv: '--federation-url ftp://r' }, 64, "--federation-url: 'ftp://r' is no http or https URL"],
    [{ argv: '--federation-url r:8000' }, 64, "--federation-url: 'r:8000' is no http or https URL"],
    [{ argv: '--federation-url http://u:p@r' }, 64, '--federation-url: a URL with a password in it ends up in logs'],
    [
      { argv: '--instance-name 123' },
      64,
      "--instance-name: '123' is no instance name (an instance name needs at least",
    ],
    [{ argv: '--instance-name ../x' }, 64, "--instance-name: '../x' is no instance name"],
    [{ argv: '--federation-allow a,b/c' }, 64, "--federation-allow: 'b/c': an instance name has"],
    [{ argv: '--federation-trust all' }, 64, "--federation-trust: 'all': expected registry or listed"],
    [{ argv: '--federation-ca none.pem' }, 64, '--federation-ca: there is no file /work-dir/none.pem'],
    [{ argv: '--federation-ca x', files: { '/work-dir/x': 'no' } }, 64, '--federation-ca: x holds no certificate'],
    [
      { argv: '--registration-password-file x', files: { '/work-dir/x': '\n' } },
      64,
      '--registration-password-file: x must hold the password in one line',
    ],
    [{ argv: '--log-level loud' }, 64, "--log-level: 'loud' is no log level"],
    [{ argv: '--log-format xml' }, 64, "--log-format: 'xml': expected auto or json or pretty"],
    [{ argv: '--messagebus rmq' }, 64, "--messagebus: 'rmq': expected zmq"],
    [{ argv: '--max-handshakes 0' }, 64, "--max-handshakes: '0': expected a whole number from 1"],
    [{ argv: '--heartbeat-interval 15s' }, 64, '--heartbeat-interval: the heartbeat time-out must be at least twice'],
    [{ argv: '--config other' }, 64, '--config: there is no file /work-dir/other'],
    [{ config: 'federation-ulr = x' }, 78, `${CONFIG} line 1: unknown option 'federation-ulr' (did you mean`],
    [{ config: '\u0000\u0001' }, 78, `${CONFIG} line 1: '??' is no setting`],
    [{ env: { VOLTTRON_DIAL_ONLY: 'perhaps' } }, 64, "VOLTTRON_DIAL_ONLY: 'perhaps': expected true or false"],
  ])('%j ends with code %d', (world, code, text) => {
    const failed = failure(world)
    expect(failed.text).toContain(text)
    expect(failed.text).not.toContain('\n')
    expect(failed.code).toBe(code)
  })
})

describe('--print-config', () => {
  const world: World = {
    argv: '--print-config --instance-name p1',
    env: { VOLTTRON_HEARTBEAT_INTERVAL: '1500ms' },
    config: 'address = tcp://10.0.0.1:1\naddress = tcp://10.0.0.1:2',
  }

  it('shows every value with its source', () => {
    const printed = JSON.parse(printConfig(run(world), 'json')) as { option: string }[]
    const row = (option: string) => printed.find((entry) => entry.option === option)
    expect(row('instance-name')).toMatchObject({ value: 'p1', source: 'flag', where: '--instance-name' })
    expect(row('heartbeat-interval')).toMatchObject({ value: 1500, source: 'environment' })
    expect(row('address')).toMatchObject({ value: ['tcp://10.0.0.1:1', 'tcp://10.0.0.1:2'], source: 'file' })
    expect(row('local-address')).toMatchObject({ source: 'default', where: 'default, from VOLTTRON_HOME' })
    expect(row('federation-url')).toMatchObject({ value: null, source: 'default' })
  })

  it('prints text that can be used as configuration file', () => {
    const before = run(world)
    const text = printConfig(before, 'text')
    expect(text).toMatch(/^max-message-size = 16MiB +# default$/m)
    expect(text).toMatch(/^heartbeat-interval = 1500ms +# VOLTTRON_HEARTBEAT_INTERVAL$/m)
    expect(run({ config: text }).options).toEqual(before.options)
  })
})
