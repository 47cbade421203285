import { type Flag, FlagError, type FlagValues, objectNameFlag, portFlag } from '../common/flags.ts'

/** The flags of the admission and conversion webhook. */
export const WEBHOOK_FLAGS = {
  'webhook-host': { type: 'string', value: 'ADDRESS', default: '::', help: 'address to serve the webhook on' },
  'webhook-port': { type: 'string', value: 'PORT', default: '0', help: 'port of the webhook; 0 serves none' },
  'webhook-name': {
    type: 'string',
    value: 'NAME',
    default: 'herald-webhook',
    help: "of the webhook's Service, of the Secret with its certificates, and of its ValidatingWebhookConfiguration",
  },
  'webhook-url': {
    type: 'string',
    value: 'URL',
    default: '',
    help: 'where the API server finds the webhook, for a controller outside of the cluster (default: the Service)',
  },
  'no-webhook-conversion': {
    type: 'boolean',
    help: 'let the API server convert BGPPeers by itself, which drops fields that metallb.io/v1beta1 lacks',
  },
} as const satisfies Record<string, Flag>

export interface WebhookSettings {
  readonly host: string
  /** 0: no webhook */
  readonly port: number
  readonly name: string
  readonly url?: string
  readonly conversion: boolean
}

export function webhookSettings(flags: FlagValues): WebhookSettings {
  const url = flags.text('webhook-url') ?? ''
  if (url !== '' && !/^https:\/\/[^/?#]+$/.test(url)) {
    throw new FlagError(`--webhook-url: "${url}" is not https://HOST:PORT`)
  }
  return {
    host: flags.text('webhook-host') ?? '::',
    port: portFlag(flags, 'webhook-port'),
    name: objectNameFlag(flags, 'webhook-name'),
    ...(url !== '' && { url }),
    conversion: !flags.on('no-webhook-conversion'),
  }
}
