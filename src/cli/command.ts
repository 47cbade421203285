/** One flag of a command. */
export interface CommandFlag {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** what its value is called in the help */
  readonly value?: string
  /** values that it may have */
  readonly oneOf?: readonly string[]
  readonly multiple?: boolean
  readonly default?: string
  readonly env?: string
  readonly help: string
}

/** A command: what `--help` prints, what the command line may say, and what docs/reference/cli.md tells, all made of this. */
export interface CommandDefinition {
  readonly name: string
  /** what stands behind the name, as `SERVICE` */
  readonly positional?: string
  /** a sentence without full stop */
  readonly summary: string
  /** paragraphs */
  readonly description: readonly string[]
  readonly flags: Readonly<Record<string, CommandFlag>>
  readonly examples: readonly { readonly command: string; readonly what: string }[]
  /** what the exit code 0 means, where that needs saying */
  readonly goodMeans?: string
  /** what the exit code 1 means; undefined: the command does not give it */
  readonly foundMeans?: string
}

export const EXIT_CODES = {
  good: 0,
  /** the command did its work and found something that needs a person */
  found: 1,
  usage: 2,
  /** the cluster, a file or the object asked for could not be read */
  unreadable: 3,
} as const

export const PROGRAM = 'kubectl herald'

/** The flags of every command. */
export const COMMON_FLAGS = {
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    env: 'KUBECONFIG',
    help: "kubeconfig file; without it ~/.kube/config, and in a pod the pod's service account",
  },
  context: { type: 'string', value: 'NAME', help: 'context of the kubeconfig instead of its current one' },
  'herald-namespace': {
    type: 'string',
    value: 'NAME',
    env: 'HERALD_NAMESPACE',
    help: "Herald's own namespace; without it, it is looked for",
  },
  snapshot: {
    type: 'string',
    value: 'FILE',
    help: 'read what the command snapshot has written instead of a cluster',
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    oneOf: ['table', 'json'],
    default: 'table',
    help: 'table or json',
  },
  color: {
    type: 'string',
    value: 'WHEN',
    oneOf: ['auto', 'always', 'never'],
    default: 'auto',
    help: 'auto: on a terminal, unless the environment variable NO_COLOR is set',
  },
  help: { type: 'boolean', short: 'h', help: 'show this text' },
} as const satisfies Record<string, CommandFlag>

/** `-o, --output FORMAT`. */
export function flagUsage(name: string, { short, value }: CommandFlag): string {
  return `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`
}

export function flagNotes({ default: standard, env, multiple }: CommandFlag): string {
  const notes = [standard && `default ${standard}`, env && `env ${env}`, multiple && 'repeatable'].filter(Boolean)
  return notes.length > 0 ? ` [${notes.join(', ')}]` : ''
}

/** `kubectl herald explain SERVICE [flags]`. */
export function usageOf({ name, positional }: CommandDefinition): string {
  return [PROGRAM, name, positional, '[flags]'].filter(Boolean).join(' ')
}

/** What each exit code of a command means, in order. */
export function exitCodesOf({ goodMeans, foundMeans }: CommandDefinition): [number, string][] {
  return [
    [EXIT_CODES.good, goodMeans ?? (foundMeans ? 'nothing of this kind was found' : 'all went well')],
    ...(foundMeans ? [[EXIT_CODES.found, foundMeans] as [number, string]] : []),
    [EXIT_CODES.usage, 'the command line is wrong'],
    [EXIT_CODES.unreadable, 'the cluster, a file or the object asked for could not be read'],
  ]
}
