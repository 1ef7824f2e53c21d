/**
 * Compact radix tree from text to values, keyed by UTF-16 code units.
 *
 *     add "devices/a1", "devices/a2", "dev"
 *
 *     ""  --  "dev" (value)  --  "ices/a"  --+--  "1" (value)
 *                                            +--  "2" (value)
 *
 * Invariants: no label but the root's is empty; children are sorted by their first code unit, which no two share; a
 * node below the root without a value has two children or more. So a walk costs the length of the text, never the
 * number of keys, and n keys need at most 2n nodes. Walks are loops: a deep tree cannot overflow the stack.
 */

interface Node<V> {
  label: string
  value: V | undefined
  /** Shared and empty on a leaf, so that a leaf owns no array. */
  children: Node<V>[]
}

const NO_CHILDREN: never[] = []

/** Position of the child that starts with `unit`, or of where it belongs. */
function childPosition<V>(children: readonly Node<V>[], unit: number): number {
  let low = 0
  let high = children.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (children[middle]!.label.charCodeAt(0) < unit) low = middle + 1
    else high = middle
  }
  return low
}

function findChild<V>(node: Node<V>, unit: number): Node<V> | undefined {
  const child = node.children[childPosition(node.children, unit)]
  return child !== undefined && child.label.charCodeAt(0) === unit ? child : undefined
}

/** How many code units of `label` equal those of `key` from `at` on. */
function commonLength(label: string, key: string, at: number): number {
  const limit = Math.min(label.length, key.length - at)
  let length = 0
  while (length < limit && label.charCodeAt(length) === key.charCodeAt(at + length)) length++
  return length
}

/** Restores the invariant on a node that lost its value or a child: a lone child is drawn into it. */
function mergeLoneChild<V>(node: Node<V>): void {
  if (node.value !== undefined || node.children.length !== 1) return
  const child = node.children[0]!
  node.label += child.label
  node.value = child.value
  node.children = child.children
}

/** A map from text to `V` (never `undefined`) that also answers "which keys does this text start with?". */
export class PrefixTree<V> {
  readonly #root: Node<V> = { label: '', value: undefined, children: NO_CHILDREN }
  #size = 0

  /** Number of keys. */
  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    let node = this.#root
    let at = 0
    while (at < key.length) {
      const child = findChild(node, key.charCodeAt(at))
      if (child === undefined || !key.startsWith(child.label, at)) return undefined
      at += child.label.length
      node = child
    }
    return node.value
  }

  set(key: string, value: V): void {
    let node = this.#root
    let at = 0
    while (at < key.length) {
      const unit = key.charCodeAt(at)
      const position = childPosition(node.children, unit)
      let child = node.children[position]
      if (child === undefined || child.label.charCodeAt(0) !== unit) {
        child = { label: key.slice(at), value: undefined, children: NO_CHILDREN }
        if (node.children.length === 0) node.children = [child]
        else node.children.splice(position, 0, child)
      } else {
        const common = commonLength(child.label, key, at)
        if (common < child.label.length) {
          const upper: Node<V> = { label: child.label.slice(0, common), value: undefined, children: [child] }
          child.label = child.label.slice(common)
          node.children[position] = upper
          child = upper
        }
      }
      at += child.label.length
      node = child
    }
    if (node.value === undefined) this.#size++
    node.value = value
  }

  /** Returns whether the key was there. */
  delete(key: string): boolean {
    let parent: Node<V> | undefined
    let node = this.#root
    let at = 0
    while (at < key.length) {
      const child = findChild(node, key.charCodeAt(at))
      if (child === undefined || !key.startsWith(child.label, at)) return false
      at += child.label.length
      parent = node
      node = child
    }
    if (node.value === undefined) return false
    node.value = undefined
    this.#size--
    if (parent === undefined) return true
    if (node.children.length > 0) {
      mergeLoneChild(node)
      return true
    }
    if (parent.children.length === 1) parent.children = NO_CHILDREN
    else parent.children.splice(childPosition(parent.children, node.label.charCodeAt(0)), 1)
    if (parent !== this.#root) mergeLoneChild(parent)
    return true
  }

  /**
   * Calls `visit` for every key that `text` starts with (the empty key and `text` itself included), shortest first,
   * until it returns `true`. Returns whether it did.
   */
  someKeyOf(text: string, visit: (value: V, keyLength: number) => boolean): boolean {
    let node = this.#root
    let at = 0
    for (;;) {
      if (node.value !== undefined && visit(node.value, at)) return true
      if (at === text.length) return false
      const child = findChild(node, text.charCodeAt(at))
      if (child === undefined || !text.startsWith(child.label, at)) return false
      at += child.label.length
      node = child
    }
  }

  /** Keys that start with `prefix`, with their values, in code-unit order. The tree must not change meanwhile. */
  *entriesUnder(prefix: string): Generator<[key: string, value: V]> {
    yield* this.#walk(prefix, () => true)
  }

  /** Keys longer than `prefix` that start with it, without those that a shorter one among them covers. */
  *topmostUnder(prefix: string): Generator<string> {
    for (const [key] of this.#walk(prefix, (length) => length <= prefix.length)) {
      if (key.length > prefix.length) yield key
    }
  }

  /** Depth-first; goes below a key only when `descend` says so for its length. */
  *#walk(prefix: string, descend: (keyLength: number) => boolean): Generator<[string, V]> {
    let top = this.#root
    let topKey = ''
    while (topKey.length < prefix.length) {
      const child = findChild(top, prefix.charCodeAt(topKey.length))
      if (child === undefined) return
      const common = commonLength(child.label, prefix, topKey.length)
      if (common < child.label.length && topKey.length + common < prefix.length) return
      topKey += child.label
      top = child
    }
    const pending: [Node<V>, string][] = [[top, topKey]]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const [node, key] = next
      if (node.value !== undefined) {
        yield [key, node.value]
        if (!descend(key.length)) continue
      }
      for (let index = node.children.length - 1; index >= 0; index--) {
        const child = node.children[index]!
        pending.push([child, key + child.label])
      }
    }
  }
}
