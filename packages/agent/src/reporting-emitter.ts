/** Events for the author of an agent. A listener that fails, at once or later, is reported, and disturbs nobody else. */
import { captureRejectionSymbol, EventEmitter } from 'node:events'

export class ReportingEmitter<Events extends Record<keyof Events, unknown[]>> extends EventEmitter<Events> {
  readonly #report: (error: unknown) => void

  constructor(report: (error: unknown) => void) {
    super({ captureRejections: true })
    this.#report = report
  }

  /** As `emit`, but never throws. */
  protected tell<Event extends keyof Events & string>(event: Event, ...args: Events[Event]): void {
    try {
      ;(this as EventEmitter).emit(event, ...args)
    } catch (error) {
      this.#report(error)
    }
  }

  override [captureRejectionSymbol](error: Error, ..._event: unknown[]): void {
    this.#report(error)
  }
}
