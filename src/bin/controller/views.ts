import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject } from '../../kubernetes/resources.ts'
import type { Condition } from '../../resources/service.ts'
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

/** An object of the configuration as it was read, beside what its status needs. */
export type ParsedView<Parsed> = ResourceView & {
  readonly parsed: Parsed
  readonly spec?: object
  readonly status?: { readonly conditions?: readonly Condition[] }
}

/** Reads each object once, when it comes. */
export function viewParsed<Parsed>(parse: (object: KubernetesObject) => Parsed) {
  return (object: KubernetesObject): ParsedView<Parsed> => {
    return { ...viewResource<ParsedView<Parsed>>(object), parsed: parse(object) }
  }
}

/** Whether an object says the same as before: its status and what else is not read of it do not count. */
export function sameParsed(a: ParsedView<unknown> | undefined, b: ParsedView<unknown> | undefined): boolean {
  return isDeepStrictEqual(a?.parsed, b?.parsed)
}
