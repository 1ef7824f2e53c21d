/** From nothing to the first message, and what brokers take when nothing happens. */
import { setTimeout as pause } from 'node:timers/promises'
import { memoryMb } from '../systems/process-figures.ts'
import type { Pair, System } from '../systems/system.ts'
import type { Effort, Figure, OwnWorkload } from './workload.ts'

const IDLE_MS = 3_000
const PAIR = 'two and their link'
const ONE = 'one alone'

export const start: OwnWorkload = {
  names: ['start', 'idle'],
  payload: '',
  about: 'time until the first message crosses (with its two clients), and memory at rest of the larger broker',
  on: 'own brokers',
  measure,
}

async function measure(launch: () => Promise<Pair>, _effort: Effort, system: System): Promise<Figure[]> {
  const startedAt = performance.now()
  const pair = await launch()
  await pair.linked('bench/start')
  const seconds = (performance.now() - startedAt) / 1000
  await pause(IDLE_MS)
  const idleMb = Math.max(memoryMb(pair.a.pids), memoryMb(pair.b.pids))
  const figures: Figure[] = [
    { workload: 'start', payload: PAIR, unit: 's', value: seconds },
    { workload: 'idle', payload: PAIR, unit: 'MB', value: idleMb },
  ]
  const alone = await system.alone?.()
  if (!alone) return figures
  return [
    { workload: 'start', payload: ONE, unit: 's', value: alone.startSeconds },
    { workload: 'idle', payload: ONE, unit: 'MB', value: alone.idleMb },
    ...figures,
  ]
}
