/** `federation_config.json` as VOLTTRON keeps it, and what we remember beside it. Both are read as foreign text. */
import { checkEntry, isLine, isRecord, type KnownPlatform } from './known-platform.ts'
import type { FederationConfig, FederationMemory } from './ports.ts'

export interface RememberedPlatform {
  readonly known: KnownPlatform
  /** Unix milliseconds. */
  readonly lastHeartbeat: number | null
  /** It had a session of ours once. */
  readonly hadSession: boolean
}

export interface FormerState {
  readonly platforms: readonly RememberedPlatform[]
  readonly generation: string | null
  readonly removed: readonly string[]
  /** Entries that make no sense; they are left out. */
  readonly refused: number
}

/** @returns text why `config` is no federation configuration, or what it holds */
export function readFormerState(config: unknown, memory: unknown): FormerState | string {
  const remembered = isRecord(memory) ? memory : {}
  const flags = isRecord(remembered.platforms) ? remembered.platforms : {}
  const generation = isLine(remembered.registry_generation, 100) ? remembered.registry_generation : null
  const removed = Array.isArray(remembered.removed) ? remembered.removed.filter((name) => isLine(name, 64)) : []
  if (config === undefined) return { platforms: [], generation, removed, refused: 0 }
  if (!isRecord(config)) return 'it is no JSON object'
  if (!Array.isArray(config.platforms)) return 'it has no list "platforms"'
  const platforms: RememberedPlatform[] = []
  for (const item of config.platforms) {
    const name = isRecord(item) && typeof item.id === 'string' ? item.id : ''
    const ours = Object.hasOwn(flags, name) && isRecord(flags[name]) ? flags[name] : {}
    const entry = checkEntry(isRecord(item) ? { ...item, dial_only: ours.dial_only } : item)
    if (typeof entry === 'string') continue
    const heartbeat = (item as { last_heartbeat?: unknown }).last_heartbeat
    const { address, credentials, key, group, dialOnly } = entry
    platforms.push({
      known: {
        name,
        address,
        credentials,
        key,
        candidate: undefined,
        invalidKey: key === undefined,
        group,
        dialOnly,
        source: 'last-known',
        generation: isLine(ours.generation, 100) ? ours.generation : null,
      },
      lastHeartbeat: typeof heartbeat === 'number' && heartbeat > 0 ? heartbeat * 1000 : null,
      hadSession: ours.had_session === true,
    })
  }
  return { platforms, generation, removed, refused: config.platforms.length - platforms.length }
}

export interface CurrentPlatform {
  readonly known: KnownPlatform
  readonly connected: boolean
  /** Unix milliseconds. */
  readonly lastHeartbeat: number | null
  readonly hadSession: boolean
}

/** What to write for the platforms of now. Those without a key of their own are not worth remembering. */
export function describeState(
  current: readonly CurrentPlatform[],
  about: {
    readonly registryUrl: string | undefined
    readonly generation: string | null
    readonly removed: readonly string[]
  },
): { readonly config: FederationConfig; readonly memory: FederationMemory } {
  const kept = current.filter(({ known }) => known.key !== undefined || known.invalidKey)
  return {
    config: {
      ...(about.registryUrl === undefined ? {} : { registry_url: about.registryUrl }),
      platforms: kept.map(({ known, connected, lastHeartbeat }) => ({
        id: known.name,
        address: known.address,
        public_credentials: known.key ?? known.credentials,
        group: known.group,
        connected,
        last_heartbeat: lastHeartbeat === null ? null : lastHeartbeat / 1000,
      })),
    },
    memory: {
      registry_generation: about.generation,
      removed: about.removed,
      platforms: Object.fromEntries(
        kept.map(({ known, hadSession }) => [
          known.name,
          { dial_only: known.dialOnly, generation: known.generation, ...(hadSession && { had_session: true }) },
        ]),
      ),
    },
  }
}
