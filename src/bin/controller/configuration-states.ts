import type { RefusedObject } from '../../config/refused-object.ts'
import {
  type Component,
  type ConfigurationStatus,
  componentOf,
  labelsOfState,
  nameOfState,
  nextConfigurationStatus,
} from '../../controller/configuration-state.ts'
import { done, type Outcome } from '../../kubernetes/outcome.ts'
import {
  apiVersionOf,
  configurationStates,
  type KubernetesObject,
  type OwnerReference,
  ownerReferenceTo,
  speakerStatuses,
} from '../../kubernetes/resources.ts'
import { outcomeOfWrite, type StatusWriter } from '../../kubernetes/status-writer.ts'
import type { ReadableStore } from '../../kubernetes/store.ts'
import type { AdvertisingConfiguration } from './advertising-configuration.ts'
import type { OwnerLookup } from './own-deployment.ts'
import type { ReservationView } from './reservation-status.ts'
import type { PoolView, ServiceController } from './service-controller.ts'
import type { ResourceView } from './views.ts'

export type ConfigurationStateView = ResourceView & { readonly status?: ConfigurationStatus }

export interface ConfigurationStatesComponents {
  states: ReadableStore<ConfigurationStateView>
  pools: ReadableStore<PoolView>
  reservations: ReadableStore<ReservationView>
  advertising: Pick<AdvertisingConfiguration, 'refused'>
  speakers: ReadableStore<{ readonly namespace: string; readonly name: string; readonly uid: string }>
  controller: Pick<ServiceController, 'problemOf' | 'reservations'>
  statusWriter: Pick<StatusWriter, 'patchStatus' | 'createIfMissing'>
  nowText: () => string
  /** who goes before the controller's own state does; none: it stays for ever */
  owner: OwnerLookup
}

/**
 * Keeps a ConfigurationState for the controller and for each speaker that is registered. The controller writes them all: it
 * judges what speakers read by the same functions, so that speakers need no permission for it and a cluster of many nodes
 * no reader of the same objects on each.
 */
export class ConfigurationStates {
  readonly #components: ConfigurationStatesComponents
  readonly #namespace: string

  constructor(components: ConfigurationStatesComponents, { namespace }: { namespace: string }) {
    this.#components = components
    this.#namespace = namespace
  }

  /** The keys of all states that there should be. */
  *keys(): Iterable<string> {
    yield this.keyOf({ type: 'controller' })
    for (const { name } of this.#components.speakers.list()) yield this.keyOf({ type: 'speaker', node: name })
  }

  /** The key of one component's state. */
  keyOf(component: Component): string {
    return `${this.#namespace}/${nameOfState(component)}`
  }

  /** Creates a state that is missing, or writes its status where that is not right. */
  async reconcile(key: string, signal?: AbortSignal): Promise<Outcome> {
    const { states, statusWriter, nowText } = this.#components
    const name = key.slice(key.indexOf('/') + 1)
    const component = componentOf(name)
    const speaker = component?.type === 'speaker' ? this.#speaker(component.node) : undefined
    // A node that is gone takes its state with it: the object is owned by its registration.
    if (!component || (component.type === 'speaker' && !speaker)) return done
    const state = states.get(key)
    if (!state) {
      const owner = speaker ? ownerReferenceTo(speakerStatuses, speaker) : await this.#components.owner(signal)
      await statusWriter.createIfMissing(configurationStates, this.#newState(component, owner), { signal })
      // Its status follows when the watch has brought it.
      return done
    }
    const before = state.status ?? {}
    const status = nextConfigurationStatus(component, this.#refused(), before, nowText())
    if (status === before) return done
    const { namespace, resourceVersion } = state
    const ref = { namespace, name }
    return outcomeOfWrite(await statusWriter.patchStatus(configurationStates, ref, status, { resourceVersion, signal }))
  }

  #refused(): RefusedObject[] {
    const { pools, reservations, advertising, controller } = this.#components
    const refused = [...advertising.refused()]
    for (const { name } of pools.list()) {
      const problem = controller.problemOf(name)
      if (problem) refused.push({ kind: 'IPAddressPool', name, problem })
    }
    for (const { name } of reservations.list()) {
      const problem = controller.reservations.problemOf(name)
      if (problem) refused.push({ kind: 'AddressReservation', name, problem })
    }
    return refused
  }

  #newState(component: Component, owner: OwnerReference | undefined): KubernetesObject {
    return {
      apiVersion: apiVersionOf(configurationStates),
      kind: configurationStates.kind,
      metadata: {
        namespace: this.#namespace,
        name: nameOfState(component),
        labels: labelsOfState(component),
        ...(owner && { ownerReferences: [owner] }),
      },
    }
  }

  #speaker(node: string) {
    return this.#components.speakers.get(`${this.#namespace}/${node}`)
  }
}
