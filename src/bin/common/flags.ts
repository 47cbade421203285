import { readFileSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { LOG_LEVELS } from './logger.ts'

type Options = NonNullable<ParseArgsConfig['options']>

/** One command-line flag: its kind, its default, the environment variable that stands in for it, and its help text. */
export interface Flag {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  readonly default?: string
  readonly env?: string
  readonly value?: string
  readonly help: string
}

/** The flags that controller and speaker share. */
export const COMMON_FLAGS = {
  namespace: {
    type: 'string',
    value: 'NAME',
    env: 'HERALD_NAMESPACE',
    help: "Herald's own namespace (default: the service account's)",
  },
  'pod-name': { type: 'string', value: 'NAME', env: 'HERALD_POD_NAME', help: 'name of this pod' },
  'lb-class': {
    type: 'string',
    value: 'CLASS',
    default: '',
    help: 'handle only Services with this loadBalancerClass; empty: only those without',
  },
  'log-level': { type: 'string', value: 'LEVEL', default: 'info', help: `one of ${LOG_LEVELS.join(', ')}` },
  'health-probe-host': {
    type: 'string',
    value: 'ADDRESS',
    default: '::',
    help: 'address to serve /healthz and /readyz on',
  },
  'health-probe-port': { type: 'string', value: 'PORT', default: '17472', help: 'port of /healthz and /readyz' },
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    env: 'KUBECONFIG',
    help: "kubeconfig file (default: the pod's service account)",
  },
} as const satisfies Record<string, Flag>

/** The flag that tells both processes where the speakers' liveness key is. */
export const LIVENESS_SECRET_FLAG = {
  'liveness-secret': {
    type: 'string',
    value: 'NAME',
    default: 'herald-liveness',
    help: "Secret with the key of the speakers' liveness packets, in Herald's own namespace",
  },
} as const satisfies Record<string, Flag>

/** Values as the user gave them: a string for each flag that has one, a list for each repeatable flag. */
export interface FlagValues {
  text(name: string): string | undefined
  list(name: string): string[]
  on(name: string): boolean
}

/**
 * Reads the command line; environment variables and defaults fill in what it leaves open.
 *
 * @throws FlagError that names the flag, for unknown flags and missing values
 */
export function readFlags(flags: Readonly<Record<string, Flag>>, args: string[], env: NodeJS.ProcessEnv): FlagValues {
  const options: Options = {}
  for (const [name, { type, multiple = false }] of Object.entries(flags)) options[name] = { type, multiple }
  let values: Record<string, unknown>
  try {
    ;({ values } = parseArgs({ args, options, strict: true, allowPositionals: false }))
  } catch (error) {
    throw new FlagError(explain(error as NodeJS.ErrnoException))
  }
  return {
    text: name => {
      const flag = flags[name]
      return (values[name] as string | undefined) ?? (flag?.env && env[flag.env]) ?? flag?.default
    },
    list: name => (values[name] as string[] | undefined) ?? [],
    on: name => values[name] === true,
  }
}

// Node adds advice about positional arguments, which no process of Herald takes.
function explain({ message, code }: NodeJS.ErrnoException): string {
  const [name = ''] = /--?[^'=\s]+/.exec(message) ?? []
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return `${name}: there is no such flag`
  return message.split('\n', 1)[0] ?? message
}

export class FlagError extends Error {
  override readonly name = 'FlagError'
}

/** A flag that must be a port number. */
export function portFlag(values: FlagValues, name: string): number {
  const text = values.text(name) ?? ''
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new FlagError(`--${name}: "${text}" is not a port (0 to 65535)`)
  return port
}

/** A flag that must be a whole number within bounds, both included. */
export function integerFlag(
  values: FlagValues,
  name: string,
  { minimum, maximum, unit = '' }: { minimum: number; maximum: number; unit?: string },
): number {
  const text = values.text(name) ?? ''
  const number = Number(text)
  if (!/^\d{1,15}$/.test(text) || number < minimum || number > maximum) {
    const range = `from ${minimum} to ${maximum}${unit && ` ${unit}`}`
    throw new FlagError(`--${name}: "${text}" is not a whole number ${range}`)
  }
  return number
}

/** A flag that must be the name of an object in a namespace (RFC 1123 subdomain, as the API server demands). */
export function objectNameFlag(values: FlagValues, name: string): string {
  const text = values.text(name) ?? ''
  if (text.length > 253 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text)) {
    throw new FlagError(`--${name}: "${text}" is not a name that an object can have`)
  }
  return text
}

/** The log level, checked. */
export function logLevelFlag(values: FlagValues): string {
  const level = values.text('log-level') ?? 'info'
  if (!LOG_LEVELS.includes(level)) throw new FlagError(`--log-level: "${level}" is not one of ${LOG_LEVELS.join(', ')}`)
  return level
}

/** A flag that has no default and must be given, by itself or by its environment variable. */
export function requiredFlag(values: FlagValues, name: string, env?: string): string {
  const value = values.text(name)
  if (!value) throw new FlagError(`--${name} is required${env ? ` (or the environment variable ${env})` : ''}`)
  return value
}

/** Herald's own namespace: the flag, the environment, or the file that the kubelet mounts into every pod. */
export function ownNamespace(values: FlagValues): string {
  const given = values.text('namespace')
  if (given) return given
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim()
  } catch {
    throw new FlagError('--namespace is required outside a pod (or the environment variable HERALD_NAMESPACE)')
  }
}

/** The text that `--help` prints. */
export function helpText(command: string, what: string, flags: Readonly<Record<string, Flag>>): string {
  const rows = Object.entries(flags).map(([name, flag]) => {
    const left = `  --${name}${flag.value ? ` ${flag.value}` : ''}`
    const notes = [
      flag.default ? `default ${flag.default}` : '',
      flag.env ? `env ${flag.env}` : '',
      flag.multiple ? 'repeatable' : '',
    ].filter(Boolean)
    return { left, right: flag.help + (notes.length > 0 ? ` [${notes.join(', ')}]` : '') }
  })
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2
  return `${what}\n\nUsage: ${command} [flags]\n\n${rows.map(({ left, right }) => left.padEnd(width) + right).join('\n')}\n`
}
