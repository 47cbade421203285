import {
  type L2AdvertisementResource,
  type ParsedL2Advertisement,
  parseL2Advertisement,
} from '../../config/l2-advertisement.ts'
import type { KubernetesObject } from '../../kubernetes/resources.ts'
import { type SpeakerView, viewSpeaker } from '../../resources/speaker-view.ts'
import type { SpeakerMark } from './speaker-leases.ts'

/** A custom resource, cut to what the controller keeps: no annotations, no managed fields. */
export interface ResourceView {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly metadata: {
    readonly name: string
    readonly generation?: number
    readonly creationTimestamp?: string
    readonly labels?: Record<string, string>
  }
}

/** Cuts a custom resource of Herald's; its spec and status stay as they are, to be read with care. */
export function viewResource<View extends ResourceView & { spec?: object; status?: object }>(
  object: KubernetesObject,
): View {
  const { metadata = {}, spec, status } = object as KubernetesObject & Pick<View, 'spec' | 'status'>
  const { namespace = '', name = '', uid = '', resourceVersion = '', generation, creationTimestamp, labels } = metadata
  const view: ResourceView = {
    namespace,
    name,
    uid,
    resourceVersion,
    metadata: {
      name,
      ...(generation !== undefined && { generation }),
      ...(creationTimestamp && { creationTimestamp }),
      ...(labels && { labels }),
    },
    ...(spec && { spec }),
    ...(status && { status }),
  }
  return view as View
}

/** All that a speaker says, with what tells its object from others. */
export function viewSpeakerMark(object: KubernetesObject): SpeakerView & SpeakerMark {
  return { ...viewSpeaker(object), namespace: object.metadata?.namespace ?? '' }
}

export function viewAdvertisement(object: KubernetesObject): ParsedL2Advertisement {
  return parseL2Advertisement(object as L2AdvertisementResource)
}
