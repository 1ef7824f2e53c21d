/**
 * Ids of calls: `r<prefix>.<count>`. They serve as JSON-RPC id and as VIP message id. Python peers parse every frame as
 * JSON, so an id must not read as JSON: no JSON text begins with an r.
 *
 * @param prefix letters and digits, random per process, so that a reply to an earlier run matches nothing
 */
export function sequentialIds(prefix: string): () => string {
  let count = 0
  return () => `r${prefix}.${(++count).toString(36)}`
}
