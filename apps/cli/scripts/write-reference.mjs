// Writes the tables of docs/vctl.md anew, from the built commands: npm run reference -w @volttron/cli
import { readFileSync, writeFileSync } from 'node:fs'
import { buildProgram, commandsOf } from '../dist/program.js'
import { commandTable, exitCodeTable, referenceOf } from '../dist/reference.js'

const page = new URL('../../../docs/vctl.md', import.meta.url)
const terminal = { print() {}, write() {}, note() {}, fail() {}, trace() {} }
const commands = commandsOf(buildProgram({ terminal })).map(referenceOf)
const tables = { commands: commandTable(commands), 'exit-codes': exitCodeTable() }
const text = readFileSync(page, 'utf8').replace(
  /<!-- table: (\S+) -->[\s\S]*?<!-- end -->/g,
  (_section, name) => `<!-- table: ${name} -->\n\n${tables[name]}\n\n<!-- end -->`,
)
writeFileSync(page, text)
