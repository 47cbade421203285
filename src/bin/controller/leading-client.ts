import type { ApiClient } from '../../kubernetes/client.ts'

/**
 * A client that patches and deletes only while this replica leads: one that was paused past its Lease must not carry out what it
 * decided before.
 */
export function leadingClient(
  client: ApiClient,
  isLeader: () => boolean,
): Pick<ApiClient, 'create' | 'patch' | 'delete'> {
  return {
    create: client.create.bind(client),
    patch: async (...request) => {
      if (!isLeader()) throw new NotLeading()
      return client.patch(...request)
    },
    delete: async (...request) => {
      if (!isLeader()) throw new NotLeading()
      return client.delete(...request)
    },
  }
}

class NotLeading extends Error {
  override readonly name = 'NotLeading'

  constructor() {
    super('not written: this replica does not lead any more')
  }
}
