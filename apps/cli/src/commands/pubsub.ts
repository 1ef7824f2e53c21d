/** `vctl pub`, `vctl publish` and `vctl sub`: one message in, a stream of messages out. */
import { VolttronError } from '@volttron/vip'
import type { Command } from 'commander'
import { parseCount } from '../global-options.ts'
import { Invocation, type Shell } from '../invocation.ts'
import { parseJsonArgument } from '../json-argument.ts'
import { printable } from '../output/printable.ts'
import type { ReceivedMessage } from '../platform-connection.ts'

export function addPubsubCommands(program: Command, shell: Shell): void {
  program
    .command('pub <topic> <json>')
    .description('publish one message, a JSON value')
    .addHelpText('after', `\nExample:\n  vctl pub global/heartbeat '{"status": "active"}'`)
    .action(async (topic: string, json: string, _options: unknown, command: Command) => {
      const message = parseJsonArgument(json)
      const invocation = new Invocation(shell, command)
      await publish(invocation, topic, message)
    })

  program
    .command('publish <topic> <data>')
    .description("publish one message, the data as text, as Python's vctl does")
    .addHelpText('after', '\nExample:\n  vctl publish notes/today "filter changed"')
    .action(async (topic: string, data: string, _options: unknown, command: Command) => {
      await publish(new Invocation(shell, command), topic, data)
    })

  program
    .command('sub <prefix>')
    .alias('subscribe')
    .description('print each message whose topic starts with the prefix, one per line')
    .option('--all-platforms', 'messages of federated platforms too')
    .option('--count <n>', 'end after n messages; with --timeout: fail if they do not come in time', parseCount)
    .addHelpText(
      'after',
      `
Examples:
  vctl sub devices/ --all-platforms
  vctl sub '' --json | jq .topic
  vctl sub alerts/ --count 1 --timeout 60`,
    )
    .action(async (prefix: string, options: { allPlatforms?: true; count?: number }, command: Command) => {
      await printMessages(new Invocation(shell, command), prefix, options.allPlatforms === true, options.count)
    })
}

async function publish(invocation: Invocation, topic: string, message: unknown): Promise<void> {
  const receivers = await invocation.withPlatform((platform) => platform.publish(topic, message))
  invocation.show({ topic, receivers }, () => `${printable(topic)}: sent to ${receivers} subscribers and platforms`)
}

async function printMessages(
  invocation: Invocation,
  prefix: string,
  allPlatforms: boolean,
  count: number | undefined,
): Promise<void> {
  const { terminal, givenTimeoutMs } = invocation
  let left = count ?? Number.POSITIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const end = await invocation.withPlatform(
    (platform) =>
      new Promise<'finished' | 'late'>((resolve, reject) => {
        // Not earlier: an interrupt while we connect just ends the process.
        const interrupted = invocation.shell.interruption()
        if (givenTimeoutMs !== undefined) timer = setTimeout(() => resolve('late'), givenTimeoutMs)
        interrupted.addEventListener('abort', () => resolve('finished'), { once: true })
        if (interrupted.aborted) resolve('finished')
        const onMessage = (message: ReceivedMessage) => {
          if (left === 0 || interrupted.aborted) return
          left -= 1
          terminal.print(invocation.json ? jsonLine(message) : textLine(message, invocation))
          if (left === 0) resolve('finished')
        }
        platform.subscribe(prefix, allPlatforms, onMessage).catch(reject)
      }),
  )
  clearTimeout(timer)
  if (end === 'late' && count !== undefined)
    throw new VolttronError('timeout', `${count - left} of ${count} messages in ${givenTimeoutMs! / 1000} s`, {
      hint: 'wait longer with --timeout, or check the prefix with: vctl sub ""',
    })
}

const jsonLine = ({ topic, sender, headers, message }: ReceivedMessage): string =>
  JSON.stringify(
    message instanceof Uint8Array
      ? { topic, sender, headers, message: Buffer.from(message).toString('base64'), encoding: 'base64' }
      : { topic, sender, headers, message },
  )

function textLine({ topic, sender, headers, message }: ReceivedMessage, { terminal, shell }: Invocation): string {
  const time = new Date(shell.now()).toISOString().slice(11, 23)
  const origin = headers.platform === undefined ? sender : `${headers.platform}/${sender}`
  const body = message instanceof Uint8Array ? `<${message.length} bytes>` : JSON.stringify(message)
  const { paint } = terminal
  return `${paint.dim(time)}  ${paint.bold(printable(topic))}  ${printable(origin)}  ${printable(body)}`
}
