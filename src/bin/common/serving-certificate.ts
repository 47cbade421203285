import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CancelTimer, Clock } from '../../io/clock.ts'
import type { Logger } from '../../kubernetes/logger.ts'
import { type CertificateSet, isUsable, renewCertificates } from './certificates.ts'

/** PEM */
export type KeyPair = Pick<CertificateSet, 'certificate' | 'key'>

/** The kubelet brings a Secret's new content within a minute or two. */
const LOOK_EVERY_MS = 60_000

/** A server's certificate: from a folder, where somebody else renews it, or signed by itself and kept in memory alone. */
export class ServingCertificate {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #init: { folder: string; hosts: readonly string[] }
  #signed: CertificateSet | undefined
  #cancel: CancelTimer | undefined
  #stopped = false

  /** @param init.folder holds tls.crt and tls.key; empty: none */
  constructor({ clock, logger }: { clock: Clock; logger: Logger }, init: { folder: string; hosts: readonly string[] }) {
    this.#clock = clock
    this.#logger = logger
    this.#init = init
  }

  /** @throws when the folder holds no certificate with its key, with what is wrong */
  async read(): Promise<KeyPair> {
    const { folder, hosts } = this.#init
    if (folder === '') {
      this.#signed = renewCertificates(this.#signed, hosts, this.#clock.now())
      return this.#signed
    }
    const [certificate, key] = await Promise.all(
      ['tls.crt', 'tls.key'].map(name => readFile(join(folder, name), 'utf8')),
    )
    const pair = { certificate: certificate ?? '', key: key ?? '' }
    if (!isUsable({ ...pair, authorities: '', authorityKey: '' })) {
      throw new Error(`${folder}: tls.crt holds no certificate, or tls.key is not its key`)
    }
    return pair
  }

  /** Calls back with each certificate that takes the place of the one before, until stop(). What cannot be read is logged, and changes nothing. */
  watch(present: KeyPair, onChange: (pair: KeyPair) => void): void {
    if (this.#stopped) return
    this.#cancel = this.#clock.setTimer(async () => {
      let next = present
      try {
        next = await this.read()
        if (next.certificate !== present.certificate || next.key !== present.key) onChange(next)
      } catch (error) {
        next = present
        this.#logger.warn({ error }, 'cannot read the new certificate of the metrics; the old one stays')
      }
      this.watch(next, onChange)
    }, LOOK_EVERY_MS)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }
}
