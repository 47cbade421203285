import { hasFrr } from '../frr.ts'
import { canMakeNamespaces, type NetworkNamespace } from '../netns.ts'
import { BirdRouter, hasBird } from './bird.ts'
import { FrrRouter } from './frr.ts'
import { GobgpRouter, hasGobgp } from './gobgp.ts'
import type { BgpRouter, BgpRouterInit } from './router.ts'

export type { BgpRouter } from './router.ts'

/** A routing daemon that tests can run. */
export interface RouterKind {
  readonly name: BgpRouter['name']
  /** Whether it can be run here; says why not. */
  usable(): boolean
  create(namespace: NetworkNamespace, init: BgpRouterInit): BgpRouter
}

export const routerKinds: readonly RouterKind[] = [
  kind('FRR', 'frr', hasFrr, FrrRouter),
  kind('BIRD', 'bird2', hasBird, BirdRouter),
  kind('GoBGP', 'gobgpd', hasGobgp, GobgpRouter),
]

function kind(
  name: BgpRouter['name'],
  debianPackage: string,
  isInstalled: () => boolean,
  Router: new (namespace: NetworkNamespace, init: BgpRouterInit) => BgpRouter,
): RouterKind {
  return {
    name,
    usable() {
      const missing = [
        ...(canMakeNamespaces() ? [] : ['root']),
        ...(isInstalled() ? [] : [`the Debian package ${debianPackage}`]),
      ]
      if (missing.length > 0) console.log(`skipped: it needs ${missing.join(' and ')}`)
      return missing.length === 0
    },
    create: (namespace, init) => new Router(namespace, init),
  }
}
