import type { RouterSessionConfig } from '../../../src/bfd/router-session.ts'
import { address } from '../addresses.ts'

/** A session with a router, 100 ms × 3, as BGP would want it; its id is `router`. */
export function routerSession(to: string, parts: Partial<RouterSessionConfig> = {}): RouterSessionConfig {
  return {
    id: 'router',
    address: address(to),
    multihop: false,
    receiveIntervalMs: 100,
    transmitIntervalMs: 100,
    detectMultiplier: 3,
    passive: false,
    minimumTtl: 254,
    ...parts,
  }
}
