/** The interpreter of the environment that VOLTTRON is installed in; undefined when it is not on this machine. */
export function program(): string | undefined

/** A script for that interpreter: `<launcher> volttron|vctl <arguments>` runs the program, as root too. */
export const launcher: string
