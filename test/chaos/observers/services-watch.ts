import { AddressLedger, type LedgerService } from '../address-ledger.ts'
import { type ObserverApi, paths } from '../api-client.ts'

/** Follows all Services at the API server and keeps the ledger of their addresses. */
export class ServicesWatch {
  readonly ledger = new AddressLedger()
  readonly #api: ObserverApi
  readonly #abort = new AbortController()
  #following: Promise<void> | undefined

  constructor({ api }: { api: ObserverApi }) {
    this.#api = api
  }

  start(): void {
    this.#following = this.#api.follow<LedgerService>(
      paths.allServices,
      {
        all: services => this.ledger.replace(services),
        event: ({ type, object }) => {
          if (type !== 'BOOKMARK' && type !== 'ERROR') this.ledger.apply(type, object)
        },
      },
      this.#abort.signal,
    )
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#following
  }
}
