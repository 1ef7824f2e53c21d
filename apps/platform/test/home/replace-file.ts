/** A process that replaces a file by a longer one, and says what became of that: `done`, or the error. */
import { replaceFile } from '@volttron/config'

// A limit of the file size acts as a full disk does: the write that meets it takes a part. Its signal would end the process.
process.on('SIGXFSZ', () => {})
const outcome = await replaceFile(process.argv[2]!, 'new '.repeat(50_000)).then(
  () => 'done',
  (error: NodeJS.ErrnoException) => error.code,
)
process.stdout.write(`${outcome}\n`)
