/** Colours: picocolors, narrowed to what the command line uses, so that "no colours" is one object. */
import picocolors from 'picocolors'

export type Paint = Pick<ReturnType<typeof picocolors.createColors>, 'bold' | 'dim' | 'red' | 'green' | 'yellow'>

/** Colours on a terminal unless `NO_COLOR` is set (no-color.org). */
export const paintFor = (isTerminal: boolean, environment: NodeJS.ProcessEnv): Paint =>
  picocolors.createColors(isTerminal && !environment.NO_COLOR)
