// What the demo prints: numbered steps, a few indented lines each, colours on a terminal only.

const WIDTH_OF_NUMBER = 3

export class Story {
  #out
  #colours
  #steps = 0
  #startedAt = performance.now()

  constructor(out) {
    this.#out = out
    // Honours NO_COLOR.
    this.#colours = out.isTTY === true && out.hasColors()
  }

  get seconds() {
    return ((performance.now() - this.#startedAt) / 1000).toFixed(1)
  }

  /** Number and title of the current step, for error messages. */
  current = 'before the first step'

  step(title) {
    this.#steps += 1
    this.current = `step ${this.#steps} (${title})`
    this.#out.write(`\n${this.#paint(1, `${String(this.#steps).padStart(2)}. ${title}`)}\n`)
  }

  line(text) {
    this.#out.write(`${text.replace(/^/gm, ' '.repeat(WIDTH_OF_NUMBER + 1))}\n`)
  }

  good(text) {
    this.line(`${this.#paint(32, 'ok')}  ${text}`)
  }

  dim(text) {
    this.line(this.#paint(2, text))
  }

  /** Rows of words in columns, the first row being the headings. */
  table(rows) {
    const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
    const text = rows.map((row) =>
      row
        .map((word, column) => word.padEnd(widths[column]))
        .join('   ')
        .trimEnd(),
    )
    this.dim(text[0])
    for (const row of text.slice(1)) this.line(row)
  }

  fail(message) {
    this.#out.write(`\n${this.#paint(31, 'FAILED')}  ${this.current}: ${message}\n`)
  }

  end(text) {
    this.#out.write(`\n${this.#paint(32, text)}\n`)
  }

  #paint(code, text) {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text
  }
}
