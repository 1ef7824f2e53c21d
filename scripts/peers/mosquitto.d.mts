/** The path of the server; undefined when it is not on this machine. */
export function program(): string | undefined
