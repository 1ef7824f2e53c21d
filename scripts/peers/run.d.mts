/** The path of a program; undefined when it is not on this machine. */
export function programPath(name: string): string | undefined
