/** The interpreter of the environment that VOLTTRON is installed in; undefined when it is not on this machine. */
export function program(): string | undefined
