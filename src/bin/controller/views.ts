import {
  type L2AdvertisementResource,
  type ParsedL2Advertisement,
  parseL2Advertisement,
} from '../../config/l2-advertisement.ts'
import type { KubernetesObject } from '../../kubernetes/resources.ts'
import type { SpeakerMark } from './speaker-leases.ts'

/** A custom resource, cut to what the controller keeps: no labels, no managed fields. */
export interface ResourceView {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly metadata: { readonly name: string; readonly generation?: number; readonly creationTimestamp?: string }
}

/** Cuts a custom resource of Herald's; its spec and status stay as they are, to be read with care. */
export function viewResource<View extends ResourceView & { spec?: object; status?: object }>(
  object: KubernetesObject,
): View {
  const { metadata = {}, spec, status } = object as KubernetesObject & Pick<View, 'spec' | 'status'>
  const { namespace = '', name = '', uid = '', resourceVersion = '', generation, creationTimestamp } = metadata
  const view: ResourceView = {
    namespace,
    name,
    uid,
    resourceVersion,
    metadata: {
      name,
      ...(generation !== undefined && { generation }),
      ...(creationTimestamp && { creationTimestamp }),
    },
    ...(spec && { spec }),
    ...(status && { status }),
  }
  return view as View
}

export function viewSpeakerMark(object: KubernetesObject): SpeakerMark {
  const { metadata = {}, status } = object as KubernetesObject & { status?: { expiredAt?: string } }
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = metadata
  return { namespace, name, uid, resourceVersion, ...(status?.expiredAt && { expiredAt: status.expiredAt }) }
}

export function viewAdvertisement(object: KubernetesObject): ParsedL2Advertisement {
  return parseL2Advertisement(object as L2AdvertisementResource)
}
