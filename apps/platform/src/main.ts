/** The `volttron` command: from the command line to a running platform, and to its end by a signal. */
import { fileError } from '@volttron/auth'
import { componentLogger, createLogger, type Logger } from '@volttron/observe'
import { letHeapGrow } from '@volttron/transport'
import { describeError, VolttronError } from '@volttron/vip'
import { longestStopMs } from './agents-of-platform.ts'
import { startPlatform } from './compose.ts'
import { openHome } from './home/home.ts'
import { rootWarning } from './home/root-warning.ts'
import { type PlatformOptions, parsePlatformOptions } from './options/platform-options.ts'
import { printConfig } from './options/print-config.ts'
import { systemPorts } from './options/system-ports.ts'
import { version } from './version.ts'

/** How long a stop may take, beyond the time agents have for it, before the process ends all the same. */
const STOP_MS = 10_000
/** EX_SOFTWARE of sysexits(3). */
const DEFECT_EXIT_CODE = 70

async function main(): Promise<void> {
  const command = parsePlatformOptions(process.argv.slice(2), process.env, systemPorts(version))
  switch (command.action) {
    case 'show':
      return print(command.text)
    case 'print-config':
      return print(printConfig(command, command.json ? 'json' : 'text'))
    case 'check-config':
      if (command.json) return print(JSON.stringify({ valid: true, notes: command.notices }, null, 2))
      for (const notice of command.notices) print(`note: ${notice}`)
      return print('the configuration is valid')
    case 'run':
      await run(command.options, command.notices)
  }
}

async function run(options: PlatformOptions, notices: readonly string[]): Promise<void> {
  letHeapGrow()
  const logger = openLog(options.log)
  const log = componentLogger(logger, 'platform')
  // Nobody can say what still holds after a defect: the log keeps the details, a supervisor starts the platform anew.
  process.once('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a defect ends the platform')
    process.exit(DEFECT_EXIT_CODE)
  })
  const warning = rootWarning()
  if (warning) log.warn(warning)
  for (const notice of notices) log.warn(notice)

  const home = await openHome(options.home)
  let stopping: Promise<void> | undefined
  let stopPlatform = async () => {}
  const stop = (why: string): Promise<void> => {
    stopping ??= (async () => {
      log.info({ why }, 'stopping')
      setTimeout(() => process.exit(1), STOP_MS + longestStopMs(options.agents)).unref()
      await stopPlatform()
      await home.close()
      log.info('stopped')
    })()
    return stopping
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A second signal means now.
      if (stopping) process.exit(1)
      void stop(signal).then(() => process.exit(0))
    })
  }
  try {
    const starting = startPlatform(options, {
      home,
      version,
      log: logger,
      onQuit: () => void stop('an operator asked for it').then(() => process.exit(0)),
    })
    // A stop that comes before the platform is there waits for it: agents may run by then.
    stopPlatform = async () => (await starting.catch(() => undefined))?.stop()
    const platform = await starting
    if (stopping) return
    await home.announceReady()
    log.info({ instanceName: platform.instanceName, addresses: platform.addresses, pid: process.pid }, 'ready')
  } catch (error) {
    if (!stopping) await home.close()
    throw error
  }
}

/** @throws VolttronError `system` when the log file cannot be opened */
function openLog({ file, ...how }: PlatformOptions['log']): Logger {
  try {
    return createLogger({ name: 'volttron', ...how, ...(file === undefined ? {} : { destination: file }) })
  } catch (error) {
    throw fileError(`cannot write the log ${file}`, error)
  }
}

const print = (text: string): void => {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

try {
  await main()
} catch (error) {
  const isKnown = error instanceof VolttronError
  process.stderr.write(`volttron: error: ${isKnown ? '' : 'a defect of this program: '}${describeError(error)}\n`)
  process.exitCode = isKnown ? error.exitCode : DEFECT_EXIT_CODE
}
