/**
 * The rounds: in each, every workload, and in that each system in turn, so that what else happens on the machine meets all
 * of them. A workload that fails for a system is left out for it from then on, and the others go on.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Arena } from './arena.ts'
import { number } from './report/number.ts'
import type { Measured } from './report/summarize.ts'
import type { Pair, System } from './systems/system.ts'
import { rotated } from './turns.ts'
import type { Effort, Figure, OwnWorkload, SharedWorkload, Workload } from './workloads/workload.ts'

export interface RunOptions {
  readonly systems: readonly System[]
  readonly workloads: readonly Workload[]
  readonly rounds: number
  readonly effort: Effort
  /** What happens, line by line. */
  readonly say: (line: string) => void
}

type Measurable = SharedWorkload | OwnWorkload

/** As much of what went wrong fits into a line. */
const MAX_ERROR_CHARS = 300
/** Whatever takes longer hangs. */
const MEASUREMENT_MS = 180_000

export class Run {
  readonly #options: RunOptions
  readonly #arena = new Arena()
  readonly #figures: { readonly of: string; readonly figure: Measured }[] = []
  /** Systems, and workloads of a system, that have failed. */
  readonly #failed = new Set<string>()
  #isAborted = false

  constructor(options: RunOptions) {
    this.#options = options
  }

  /** Resolves to all figures, in the order of the workloads. @throws Interrupted after {@link abort} */
  async start(): Promise<readonly Measured[]> {
    const { workloads, rounds } = this.#options
    const measurable = workloads.filter((workload) => workload.on !== 'nothing yet')
    const shared = measurable.filter((workload) => workload.on === 'shared brokers')
    const own = measurable.filter((workload) => workload.on === 'own brokers')
    try {
      for (let round = 0; round < rounds; round++) {
        await this.#measureAll(shared, round)
        // The others have the machine to themselves.
        await this.#arena.endAll()
        await this.#measureAll(own, round)
      }
    } finally {
      await this.#arena.close()
    }
    if (this.#isAborted) throw new Interrupted()
    return this.#figures.filter((one) => !this.#failed.has(one.of)).map(({ figure }) => figure)
  }

  /** Ends the brokers that workloads use; {@link start} fails when whatever runs then has ended too. */
  async abort(): Promise<void> {
    this.#isAborted = true
    await this.#arena.close()
  }

  async #measureAll(workloads: readonly Measurable[], round: number): Promise<void> {
    for (const [index, workload] of workloads.entries()) {
      const systems = this.#options.systems.filter((system) => takesPart(system, workload))
      for (const system of rotated(systems, round + index)) {
        if (this.#isAborted) return
        if (this.#failed.has(system.name) || this.#failed.has(keyOf(system, workload))) continue
        await this.#measure(system, workload, round)
        await pause(this.#options.effort.settleMs)
      }
    }
  }

  async #measure(system: System, workload: Measurable, round: number): Promise<void> {
    const prefix = `round ${round + 1} of ${this.#options.rounds}  ${titleOf(workload)}  ${system.name}`
    try {
      const figures = await within(MEASUREMENT_MS, this.#figuresOf(system, workload))
      const of = keyOf(system, workload)
      for (const figure of figures) this.#figures.push({ of, figure: { ...figure, system: system.name } })
      this.#options.say(`${prefix}  ${number(figures[0]!.value)} ${figures[0]!.unit}`)
    } catch (error) {
      if (this.#isAborted) return
      const isOut = error instanceof NoStart
      this.#failed.add(isOut ? system.name : keyOf(system, workload))
      this.#options.say(`${prefix}  ${isOut ? 'cannot take part' : 'left out'}: ${oneLine(error)}`)
      // Nobody knows in which state its brokers are. On brokers of its own a workload runs alone.
      if (workload.on === 'own brokers') await this.#arena.endAll()
      else await this.#arena.endShared(system)
    }
  }

  async #figuresOf(system: System, workload: Measurable): Promise<Figure[]> {
    const { effort } = this.#options
    if (workload.on === 'shared brokers') return await workload.measure(await this.#sharedPair(system), effort)
    const launched: Pair[] = []
    const launch = async () => {
      const pair = await this.#arena.launch(system)
      launched.push(pair)
      return pair
    }
    try {
      return await workload.measure(launch, effort, system)
    } finally {
      for (const pair of launched) await this.#arena.end(pair)
    }
  }

  async #sharedPair(system: System): Promise<Pair> {
    try {
      return await this.#arena.shared(system)
    } catch (error) {
      throw new NoStart(oneLine(error))
    }
  }
}

/** Somebody does not want to wait for the end of the run. */
export class Interrupted extends Error {}

/** The brokers of a system do not start: it cannot take part at all. */
class NoStart extends Error {}

const titleOf = ({ names, payload }: Measurable): string => `${names[0]}${payload && ` ${payload}`}`

const keyOf = (system: System, workload: Measurable): string => `${system.name} ${titleOf(workload)}`

const takesPart = (system: System, workload: Measurable): boolean =>
  workload.names.some((name) => system.workloads.includes(name))

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${timeoutMs / 1000} s`)), timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll(/\s*\n\s*/g, ' / ').slice(0, MAX_ERROR_CHARS)
}
