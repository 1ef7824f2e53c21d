import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { processMark, resourceUse } from './process-facts.ts'
import { ResourceWatch } from './resource-watch.ts'

describe('what the system tells of a process', () => {
  it('gives each process a mark of its own, which ends with it', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    await once(child, 'spawn')
    const mark = processMark(child.pid!)
    expect(mark).toBeTruthy()
    expect(processMark(child.pid!)).toBe(mark)
    expect(processMark(process.pid)).not.toBe(mark)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(processMark(child.pid!)).toBeUndefined()
  })

  it('counts its memory and its processor time, on Linux', () => {
    const use = resourceUse(process.pid)
    if (process.platform === 'linux') expect(use!.memoryBytes).toBeGreaterThan(1_000_000)
    else expect(use).toBeUndefined()
  })
})

describe('ResourceWatch', () => {
  it('tells the share of one processor since the last look, at first since the start', () => {
    let nowMs = 10_000
    let cpuSeconds = 1
    const watch = new ResourceWatch(
      () => ({ cpuSeconds, memoryBytes: 5 }),
      () => nowMs,
    )
    expect(watch.of(1, 0)).toEqual({ cpuPercent: 10, memoryBytes: 5 })
    nowMs += 1_000
    cpuSeconds += 0.5
    expect(watch.of(1, 0)?.cpuPercent).toBeCloseTo(50)
    nowMs += 10
    cpuSeconds += 0.01
    expect(watch.of(1, 0)?.cpuPercent).toBeCloseTo(50)
    nowMs += 990
    expect(watch.of(1, 0)?.cpuPercent).toBeCloseTo(1)
  })

  it('knows nothing of a process that is gone', () => {
    expect(
      new ResourceWatch(
        () => undefined,
        () => 0,
      ).of(1, 0),
    ).toBeUndefined()
  })
})
