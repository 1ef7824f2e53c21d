/** Log lines for people. */
import type { DestinationStream } from 'pino'
import { prettyFactory } from 'pino-pretty'

/** Wraps a destination so that every line it gets is formatted: `[12:30:01.250] INFO (router): peer joined peer="a"`. */
export function pinoPretty(sink: DestinationStream, colorize: boolean): DestinationStream {
  const format = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'name,component,pid,hostname',
    messageFormat: '{if component}({component}) {end}{msg}',
    singleLine: true,
  })
  return { write: (line: string) => sink.write(format(line)) }
}
