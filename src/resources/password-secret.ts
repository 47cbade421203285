/** The type that a Secret must have to hold the password of a BGP session. */
export const PASSWORD_SECRET_TYPE = 'kubernetes.io/basic-auth'

/** Helm keeps its releases, of up to a megabyte each, in Secrets of the same namespace. */
export const PASSWORD_SECRET_FIELD_SELECTOR = 'type!=helm.sh/release.v1'

/** A core/v1 Secret, cut to what a BGPPeer can name it for. */
export interface PasswordSecret {
  readonly name: string
  readonly type: string
  /** undefined: it has none that is text */
  readonly password?: string
}

export interface SecretObject {
  metadata?: { name?: string }
  type?: string
  data?: Record<string, string> | null
}

/** Keeps the password of a Secret of the right type, and nothing of any other. */
export function viewPasswordSecret({ metadata = {}, type = '', data }: SecretObject): PasswordSecret {
  const encoded = type === PASSWORD_SECRET_TYPE ? data?.password : undefined
  const password = encoded === undefined ? undefined : textOf(encoded)
  return { name: metadata.name ?? '', type, ...(password !== undefined && { password }) }
}

function textOf(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
