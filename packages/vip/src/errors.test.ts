import { describe, expect, it } from '@jest/globals'
import { describeError, type ErrorCode, VolttronError } from './errors.ts'

describe('an error for a user', () => {
  it.each<[ErrorCode, number]>([
    ['usage', 64],
    ['bad-data', 65],
    ['not-found', 67],
    ['unavailable', 69],
    ['internal', 70],
    ['system', 71],
    ['timeout', 75],
    ['denied', 77],
    ['config', 78],
  ])('of kind %s ends a command with %i', (code, exitCode) => {
    expect(new VolttronError(code, 'x').exitCode).toBe(exitCode)
  })

  it('says what is wrong, and what to do where there is something', () => {
    expect(describeError(new VolttronError('usage', 'no such option'))).toBe('no such option')
    expect(describeError(new VolttronError('usage', 'no such option', { hint: 'see -h' }))).toBe(
      'no such option (see -h)',
    )
  })

  it('keeps its cause, and has none when there was none', () => {
    const cause = new Error('disk')
    expect(new VolttronError('system', 'x', { cause }).cause).toBe(cause)
    expect('cause' in new VolttronError('system', 'x')).toBe(false)
  })

  it.each<[unknown, string]>([
    [new Error('first\nat line 2'), 'first'],
    [new TypeError(''), 'TypeError'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ toString: () => 'odd' }, 'odd'],
    [Object.create(null), 'something that is no error was thrown'],
  ])('is one line for anything that is thrown: %p', (thrown, line) => {
    expect(describeError(thrown)).toBe(line)
  })
})
