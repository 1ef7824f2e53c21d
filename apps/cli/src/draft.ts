/** Text in a file of its own while a person edits it. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileError } from '@volttron/auth'
import { describeError, VolttronError } from '@volttron/vip'

const SUFFIXES: Readonly<Record<string, string>> = { json: '.json', csv: '.csv' }

export class Draft {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** A file nobody else can read. @param type helps the editor with its colours */
  static async create(text: string, type: string): Promise<Draft> {
    try {
      const folder = await mkdtemp(join(tmpdir(), 'vctl-edit-'))
      const draft = new Draft(join(folder, `config${SUFFIXES[type] ?? '.txt'}`))
      await writeFile(draft.path, text, { mode: 0o600 })
      return draft
    } catch (error) {
      throw fileError('cannot write a file to edit', error)
    }
  }

  /**
   * Lets the person edit.
   *
   * @param editor a command, with options if need be
   * @returns the text as it is then
   * @throws VolttronError `system` when the editor cannot be run or fails; the file stays
   */
  async edit(editor: string): Promise<string> {
    const code = await new Promise<number | null>((resolve) => {
      const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', this.path], { stdio: 'inherit' })
      child.once('error', () => resolve(null))
      child.once('close', resolve)
    })
    if (code !== 0) {
      throw new VolttronError('system', `the editor '${editor}' ended with ${code ?? 'an error'}: nothing was stored`, {
        hint: `your text is in ${this.path}; choose another editor with --editor or EDITOR`,
      })
    }
    try {
      return await readFile(this.path, 'utf8')
    } catch (error) {
      throw fileError(`cannot read ${this.path}`, error)
    }
  }

  /** What went wrong after editing, with where the text is. @param command stores it */
  kept(error: unknown, command: string): VolttronError {
    const code = error instanceof VolttronError ? error.code : 'bad-data'
    const hint = `your text is in ${this.path}; mend it and run: ${command}`
    return new VolttronError(code, error instanceof Error ? error.message : describeError(error), {
      hint,
      cause: error,
    })
  }

  async remove(): Promise<void> {
    await rm(dirname(this.path), { recursive: true, force: true })
  }
}
