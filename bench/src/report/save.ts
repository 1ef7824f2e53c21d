/** Keeps the results of a run in the repository: `bench/results/latest.json` and `latest.md`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BenchDocument } from './document.ts'
import type { Row } from './summarize.ts'
import { markdownTable } from './table.ts'

const folder = new URL('../../results/', import.meta.url)

/** @returns the folder they are in */
export function save(document: BenchDocument, rows: readonly Row[], notes: readonly string[]): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('latest.json', folder), `${JSON.stringify(document, null, 2)}\n`)
  writeFileSync(new URL('latest.md', folder), markdown(document, rows, notes))
  return fileURLToPath(folder)
}

function markdown({ date, machine, versions }: BenchDocument, rows: readonly Row[], notes: readonly string[]): string {
  const versionList = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `# Benchmark of ${date.slice(0, 10)}`,
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}. ${versionList.join(', ')}.`,
    'What each workload does, and how the systems are configured: [README.md](../README.md).',
    '',
    markdownTable(rows),
    ...notes.flatMap((note) => ['', note]),
    '',
  ].join('\n')
}
