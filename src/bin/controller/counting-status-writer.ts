import type { ApiClient } from '../../kubernetes/client.ts'
import { StatusWriter, type WriteResult } from '../../kubernetes/status-writer.ts'

/** A StatusWriter that tells how each write of a Service ended. */
export class CountingStatusWriter extends StatusWriter {
  readonly #onWrite: (result: WriteResult | 'failed') => void

  constructor(
    components: { client: Pick<ApiClient, 'patch' | 'create'> },
    { onWrite }: { onWrite: (result: WriteResult | 'failed') => void },
  ) {
    super(components)
    this.#onWrite = onWrite
  }

  override async writeService(...request: Parameters<StatusWriter['writeService']>): Promise<WriteResult> {
    const written = super.writeService(...request)
    written.then(this.#onWrite, () => this.#onWrite('failed'))
    return written
  }
}
