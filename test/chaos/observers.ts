import { LoadWatch } from './observers/load-watch.ts'
import { ProcessWatch } from './observers/process-watch.ts'
import { RoutesWatch } from './observers/routes-watch.ts'
import { SegmentWatch } from './observers/segment-watch.ts'
import { ServicesWatch } from './observers/services-watch.ts'
import { VisitsWatch } from './observers/visits-watch.ts'
import { WaitWatch } from './observers/wait-watch.ts'
import type { World } from './world.ts'

/** Everything that looks on. None of it is Herald's code. */
export interface Observers {
  /** at the API server */
  readonly services: ServicesWatch
  /** on the nodes' segment */
  readonly segment: SegmentWatch
  /** as a client on the segment, and as one behind the router */
  readonly near: VisitsWatch
  readonly far: VisitsWatch
  /** in the router's kernel */
  readonly routes: RoutesWatch
  /** at Herald's processes */
  readonly processes: ProcessWatch
  /** whether the observers, and Herald, were given processors */
  readonly load: LoadWatch
  readonly waits: WaitWatch
}

export async function startObservers({ lab, api, addresses }: World): Promise<Observers> {
  const services = new ServicesWatch({ api })
  services.start()
  return {
    services,
    segment: await SegmentWatch.start(lab, addresses.near),
    near: await VisitsWatch.start(lab.client.namespace, addresses.near),
    far: await VisitsWatch.start(lab.outside.namespace, addresses.far),
    routes: new RoutesWatch(lab),
    processes: new ProcessWatch(lab),
    load: new LoadWatch(),
    waits: new WaitWatch(lab),
  }
}

/** @throws Error when the sniffer missed frames, after all are stopped */
export async function stopObservers(observers: Observers): Promise<void> {
  const { services, segment, near, far, load, waits } = observers
  load.stop()
  waits.stop()
  await Promise.all([services.stop(), near.stop(), far.stop()])
  await segment.stop()
}
