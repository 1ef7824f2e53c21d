/** The one line a platform says when it runs as root; it starts all the same. */
export function rootWarning(uid: number | undefined = process.getuid?.()): string | undefined {
  return uid === 0
    ? 'running as root: agents and files will belong to root; better use an account of its own'
    : undefined
}
