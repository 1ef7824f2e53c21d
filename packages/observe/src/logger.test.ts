import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { componentLogger, createLogger, type LoggerOptions } from './logger.ts'

function record(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const logger = createLogger({ name: 'volttron', format: 'json', destination, ...options })
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> }
}

describe('createLogger', () => {
  it('writes one JSON object a line, with level, time, name and component', () => {
    const { logger, lines, last } = record()
    componentLogger(logger, 'router').info({ peer: 'listener' }, 'peer joined')
    expect(lines).toHaveLength(1)
    expect(last()).toMatchObject({
      level: 'info',
      name: 'volttron',
      component: 'router',
      peer: 'listener',
      msg: 'peer joined',
    })
    expect(String(last().time)).toMatch(/^\d{4}-\d\d-\d\dT/)
  })

  it('never writes a secret, wherever it stands', () => {
    const { logger, lines } = record({ level: 'trace' })
    const secret = 'hush-hush'
    logger.info({ secretKey: secret, password: secret, token: secret })
    logger.info({ credential: { identity: 'a', secretkey: secret } })
    logger.info({ options: { federation: { registrationPassword: secret } } })
    logger.info({ headers: { 'Registration-Password': secret, authorization: secret } })
    expect(lines).toHaveLength(4)
    expect(lines.join('')).not.toContain(secret)
    expect(lines[1]).toContain('"identity":"a"')
  })

  it('logs components at the level asked for them', () => {
    const { logger, lines } = record({ level: 'warn', componentLevels: { federation: 'debug' } })
    componentLogger(logger, 'router').info('no')
    componentLogger(logger, 'federation').debug('yes')
    expect(lines).toHaveLength(1)
  })

  it('writes errors with their cause', () => {
    const { logger, last } = record()
    logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed')
    expect(last().err).toMatchObject({ type: 'Error', message: 'outer: inner' })
  })

  it('writes lines for people when asked to', () => {
    const { logger, lines } = record({ format: 'pretty' })
    componentLogger(logger, 'router').warn({ peer: 'a' }, 'slow peer')
    expect(lines.join('')).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: \(router\) slow peer \{"peer":"a"\}\n$/)
  })

  it('writes to a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'volttron-log-'))
    try {
      const file = join(folder, 'sub', 'run.log')
      const logger = createLogger({ name: 'volttron', destination: file })
      logger.info('hello')
      // Lines are written in the background; that they come is all that is promised.
      while (!readFileSync(file, 'utf8').includes('"msg":"hello"')) await new Promise(setImmediate)
      expect(() => createLogger({ name: 'volttron', destination: folder })).toThrow(/EISDIR/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
