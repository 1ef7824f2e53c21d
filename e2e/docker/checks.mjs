// One line a check, a closing line with the sums.
export class Checks {
  #passed = 0
  #failed = 0

  /** Runs a check; a thrown error fails it. Resolves to whether it passed. */
  async check(name, body) {
    const startedAt = Date.now()
    try {
      await body()
      this.#passed += 1
      process.stdout.write(`ok - ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`)
      return true
    } catch (error) {
      this.#failed += 1
      process.stdout.write(`not ok - ${name}\n${error.message.replace(/^/gm, '    ')}\n`)
      return false
    }
  }

  /** @returns the exit code */
  close() {
    process.stdout.write(`${this.#passed} passed, ${this.#failed} failed\n`)
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}
