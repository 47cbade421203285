/** A requirement on one label (meta/v1 LabelSelectorRequirement). */
export interface LabelSelectorRequirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** A meta/v1 LabelSelector: all its parts must hold. An empty one matches everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly LabelSelectorRequirement[]
}

type Labels = Readonly<Record<string, string>>

/** Whether a selector that checkSelector() finds nothing wrong with matches an object's labels. */
export function matchesSelector(selector: LabelSelector, labels: Labels): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (labelOf(labels, key) !== value) return false
  }
  return (selector.matchExpressions ?? []).every(requirement => meetsRequirement(requirement, labels))
}

function meetsRequirement({ key, operator, values = [] }: LabelSelectorRequirement, labels: Labels): boolean {
  const value = labelOf(labels, key)
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      // An object without the label matches too, as in Kubernetes itself.
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}

// A label may be called "constructor": only the object's own fields count.
function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/
const PREFIX = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/**
 * Checks a selector as it came from outside.
 *
 * @returns what is wrong, beginning with the field inside the selector, or undefined when nothing is
 */
export function checkSelector(selector: unknown): string | undefined {
  if (!isObject(selector)) return 'must be a label selector'
  const { matchLabels, matchExpressions } = selector
  if (matchLabels !== undefined && matchLabels !== null) {
    if (!isObject(matchLabels)) return 'matchLabels: must map label keys to values'
    for (const [key, value] of Object.entries(matchLabels)) {
      const message = checkKey(key) ?? checkValue(value)
      if (message) return `matchLabels["${key}"]: ${message}`
    }
  }
  if (matchExpressions === undefined || matchExpressions === null) return undefined
  if (!Array.isArray(matchExpressions)) return 'matchExpressions: must be a list'
  for (const [index, requirement] of matchExpressions.entries()) {
    const message = checkRequirement(requirement)
    if (message) return `matchExpressions[${index}]${message}`
  }
  return undefined
}

function checkRequirement(requirement: unknown): string | undefined {
  if (!isObject(requirement)) return ': must have a key and an operator'
  const { key, operator, values } = requirement
  const keyMessage = checkKey(key)
  if (keyMessage) return `.key: ${keyMessage}`
  const list = values ?? []
  if (!Array.isArray(list)) return '.values: must be a list'
  switch (operator) {
    case 'In':
    case 'NotIn': {
      if (list.length === 0) return `.values: must not be empty with operator ${operator}`
      const wrong = list.findIndex(value => checkValue(value) !== undefined)
      return wrong < 0 ? undefined : `.values[${wrong}]: ${checkValue(list[wrong])}`
    }
    case 'Exists':
    case 'DoesNotExist':
      return list.length === 0 ? undefined : `.values: must be empty with operator ${operator}`
    default:
      return `.operator: ${shown(operator)} is none of In, NotIn, Exists, DoesNotExist`
  }
}

function checkKey(key: unknown): string | undefined {
  if (typeof key !== 'string') return `${shown(key)} is no label key`
  const slash = key.indexOf('/')
  const prefix = slash < 0 ? undefined : key.slice(0, slash)
  const valid =
    NAME.test(key.slice(slash + 1)) && (prefix === undefined || (prefix.length <= 253 && PREFIX.test(prefix)))
  return valid ? undefined : `${shown(key)} is no label key`
}

function checkValue(value: unknown): string | undefined {
  return typeof value === 'string' && (value === '' || NAME.test(value))
    ? undefined
    : `${shown(value)} is no label value`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : String(JSON.stringify(value))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
