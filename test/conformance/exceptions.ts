import { IpFamily } from '../../lab/topology.ts'
import { Outcome, type SpecResult } from './junit.ts'

/** A spec that cannot pass, however good the load balancer. */
export interface Exception {
  family: IpFamily
  /** The spec's name, without labels. */
  spec: string
  /** For the page. */
  reason: string
}

const exceptions: readonly Exception[] = [
  {
    family: IpFamily.ipv6,
    spec: 'LoadBalancers ExternalTrafficPolicy: Local should work from pods',
    reason:
      'The spec itself cannot pass over IPv6: it takes what stands before the first colon of the answer, `[2001:db8:…]:port`, for the address that the server has seen. ' +
      "The answer in its log shows whether the Pod's address was kept.",
  },
]

/** Why a spec that has not passed cannot; undefined when it should have. */
export function exceptionFor(family: IpFamily, spec: SpecResult): Exception | undefined {
  if (spec.outcome === Outcome.passed) return undefined
  return exceptions.find(exception => exception.family === family && exception.spec === spec.name)
}
