import assert from 'node:assert/strict'
import { Reflector, type ReflectorInit } from '../../../src/kubernetes/reflector.ts'
import { type KubernetesObject, services } from '../../../src/kubernetes/resources.ts'
import { Store } from '../../../src/kubernetes/store.ts'
import { Driven } from '../../support/kubernetes/driven.ts'

export interface Row {
  name: string
  value: string
}

/** A Service as far as the tests look at it. */
export const row = (name: string, value: string): KubernetesObject & { spec: { value: string } } => ({
  metadata: { namespace: 'web', name },
  spec: { value },
})

export const viewRow = (object: KubernetesObject): Row => ({
  name: object.metadata?.name ?? '',
  value: (object as { spec?: { value?: string } }).spec?.value ?? '',
})

/** A reflector of Services between a scripted server and a store. */
export class ReflectorScene {
  readonly world: Driven
  readonly store = new Store<Row>()
  #reflector: Reflector<Row> | undefined

  constructor(world: Driven) {
    this.world = world
  }

  static async begin(): Promise<ReflectorScene> {
    return new ReflectorScene(await Driven.start())
  }

  get reflector(): Reflector<Row> {
    assert.ok(this.#reflector, 'started')
    return this.#reflector
  }

  start(init: Partial<ReflectorInit<Row>> = {}): void {
    const { client, clock, logger, random } = this.world
    const components = { client, store: this.store, clock, random, logger }
    this.#reflector = new Reflector(components, { resource: services, view: viewRow, ...init })
    this.#reflector.start()
  }

  /** Starts with the Services a and b, and waits until the reflector has them and watches. */
  async synced(init: Partial<ReflectorInit<Row>> = {}): Promise<void> {
    this.world.server.put('services', row('a', 'a1'))
    this.world.server.put('services', row('b', 'b1'))
    this.start(init)
    await this.reflector.whenSynced()
    await this.world.until(() => this.reflector.connected, 'connected')
    this.world.server.requests.length = 0
  }

  /** the store holds what the server holds, in the same versions */
  readonly equal = (): boolean => {
    const state = this.world.server.state('services')
    if (state.size !== this.store.size) return false
    for (const [key, { metadata }] of state) {
      if (this.store.resourceVersion(key) !== metadata.resourceVersion) return false
    }
    return true
  }

  lastQuery(): string {
    return this.world.server.requests.at(-1)?.query.toString() ?? ''
  }

  async end(): Promise<void> {
    await this.reflector.stop()
    assert.equal(this.world.clock.pendingTimers, 0, 'timers left after stop()')
    await this.world.until(() => this.world.server.watchers === 0, 'the watch is closed')
    await this.world.stop()
  }
}
