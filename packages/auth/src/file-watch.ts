/**
 * Notices changes in a folder: at once by the events of the system, and within some seconds by looking, for the file
 * systems (network mounts, some containers) that send no events.
 */
import { type FSWatcher, watch } from 'node:fs'

export interface FileWatchOptions {
  /** Only events about this file count; default all. */
  readonly fileName?: string
  /** Rest after the last event before looking. default 50 */
  readonly debounceMs?: number
  /** Time between looks without an event. default 5_000 */
  readonly pollMs?: number
}

export class FileWatch {
  readonly #folder: string
  readonly #onChange: () => Promise<void>
  readonly #options: FileWatchOptions
  readonly #poll: NodeJS.Timeout
  #watcher: FSWatcher | undefined
  #debounce: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #again = false
  #closed = false

  /** @param onChange looks at the folder and reports; it must not reject */
  constructor(folder: string, onChange: () => Promise<void>, options: FileWatchOptions = {}) {
    this.#folder = folder
    this.#onChange = onChange
    this.#options = options
    this.#listen()
    this.#poll = setInterval(() => {
      this.#listen()
      this.#start()
    }, options.pollMs ?? 5_000)
    this.#poll.unref()
  }

  /** Looks now; resolves when everything that changed before this call has been reported. */
  async rescan(): Promise<void> {
    while (this.#running) await this.#running
    this.#start()
    await this.#running
  }

  /** Ends the watch; a look that is under way still finishes before it resolves. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#poll)
    clearTimeout(this.#debounce)
    this.#watcher?.close()
    await this.#running
  }

  #listen(): void {
    if (this.#watcher || this.#closed) return
    try {
      const watcher = watch(this.#folder, { persistent: false }, (_event, name) => this.#onEvent(name))
      // The folder went away, or the system ran out of watches: the poll goes on, and tries again.
      watcher.on('error', () => this.#drop(watcher))
      this.#watcher = watcher
    } catch {
      this.#watcher = undefined
    }
  }

  #drop(watcher: FSWatcher): void {
    watcher.close()
    if (this.#watcher === watcher) this.#watcher = undefined
  }

  #onEvent(name: string | null): void {
    const { fileName, debounceMs = 50 } = this.#options
    if (this.#closed || (fileName !== undefined && name !== null && name !== fileName)) return
    clearTimeout(this.#debounce)
    this.#debounce = setTimeout(() => this.#start(), debounceMs)
    this.#debounce.unref()
  }

  #start(): void {
    if (this.#closed) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = this.#onChange().finally(() => {
      this.#running = undefined
      if (!this.#again) return
      this.#again = false
      this.#start()
    })
  }
}
