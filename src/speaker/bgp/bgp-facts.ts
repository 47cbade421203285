import { type BgpConfig, peersOfNode } from '../../config/bgp-config.ts'
import type { ClusterFacts } from '../candidate-index.ts'
import type { BgpFacts } from './bgp-index.ts'

/** Makes of the cluster's facts and its BGP configuration those that BGP is decided from; the same in every speaker and in the controller. */
export function bgpFacts({ nodes, speakers, poolOf }: ClusterFacts, config: BgpConfig): BgpFacts {
  return {
    ...{ nodes, speakers, poolOf },
    advertisements: config.advertisements,
    peersOf: node => peersOfNode(config, node),
  }
}
