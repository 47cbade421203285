/** How a reconcile ended, and so what happens to its key. */
export type Outcome =
  /** the world is as it should be, or an event will come when it can become so */
  | { readonly kind: 'done' }
  /** look again then; waiting for something is not a failure */
  | { readonly kind: 'retryAfter'; readonly delayMs: number }
  /** try again, after a delay that grows with each failure in a row */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** wrong until someone changes it: not tried again before the object or what it depends on changed */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** what this key changed can concern every other key */
  | { readonly kind: 'reprocessAll' }

export const done: Outcome = Object.freeze({ kind: 'done' })
export const reprocessAll: Outcome = Object.freeze({ kind: 'reprocessAll' })

export function retryAfter(delayMs: number): Outcome {
  return { kind: 'retryAfter', delayMs }
}

export function failed(error: unknown): Outcome {
  return { kind: 'failed', error }
}

export function rejected(reason: string): Outcome {
  return { kind: 'rejected', reason }
}
