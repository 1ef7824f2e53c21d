import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from '@jest/globals'
import { isAlive } from './process-alive.ts'

it('takes no process for alive that has ended, even while its parent has not asked how', async () => {
  expect(isAlive(process.pid)).toBe(true)
  // `cat` is the parent of a process it knows nothing of, and never asks.
  const parent = spawn('/bin/sh', ['-c', 'true & echo $!; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const pid = Number(String((await once(parent.stdout, 'data'))[0]))
  while (isAlive(pid)) await new Promise(setImmediate)
  parent.stdin.end()
  await once(parent, 'exit')
  expect(isAlive(parent.pid!)).toBe(false)
})
