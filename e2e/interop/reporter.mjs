// One line a test, as e2e/docker prints them, and a closing line with the sums.

const title = (file) =>
  file
    .split('/')
    .at(-1)
    .replace(/\.test\.ts$/, '')

/** Without the lines of a stack that are not ours. */
const indented = (text) =>
  text
    .split('\n')
    .filter((line) => !/^\s+at .*(node:internal|node:events|node_modules)/.test(line))
    .map((line) => `    ${line}`)
    .join('\n')

class LineReporter {
  onRunStart() {
    this.passed = 0
    this.failed = 0
  }

  onTestCaseResult(test, { status, fullName, duration, failureMessages }) {
    const name = `${title(test.path)}: ${fullName}`
    if (status === 'passed') {
      this.passed += 1
      process.stdout.write(`ok - ${name} (${((duration ?? 0) / 1000).toFixed(1)} s)\n`)
    } else {
      this.failed += 1
      process.stdout.write(`not ok - ${name}\n${indented(failureMessages.join('\n'))}\n`)
    }
  }

  /** A file that could not even be loaded, or whose set-up failed outside its tests. */
  onTestFileResult(test, { testExecError, failureMessage }) {
    if (!testExecError) return
    this.failed += 1
    process.stdout.write(`not ok - ${title(test.path)}\n${indented(failureMessage ?? '')}\n`)
  }

  onRunComplete() {
    process.stdout.write(`${this.passed} passed, ${this.failed} failed\n`)
  }

  getLastError() {
    return this.failed === 0 && this.passed > 0 ? undefined : new Error('not everything passed')
  }
}

// biome-ignore lint/style/noDefaultExport: Jest loads reporters so.
export default LineReporter
