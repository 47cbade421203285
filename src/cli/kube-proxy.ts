import { nameOf, objectsOf, type Snapshot } from './snapshot.ts'

/** What of kube-proxy's configuration matters to announced addresses. */
export interface KubeProxySettings {
  /** `iptables`, `ipvs`, `nftables`; empty: the default of the platform */
  readonly mode: string
  readonly strictARP: boolean
}

interface ConfigMapObject {
  data?: Record<string, string>
}

/** The text of a ConfigMap in kube-system under a key; undefined when there is none. */
export function configMapText(snapshot: Snapshot, name: string, key: string): string | undefined {
  const object = objectsOf(snapshot, 'ConfigMap').find(
    one => one.metadata?.namespace === 'kube-system' && nameOf(one) === name,
  )
  return (object as ConfigMapObject | undefined)?.data?.[key]
}

/** Reads the ConfigMap that kubeadm makes; undefined where kube-proxy is configured otherwise, or replaced. */
export function readKubeProxy(snapshot: Snapshot): KubeProxySettings | undefined {
  const text = configMapText(snapshot, 'kube-proxy', 'config.conf')
  if (text === undefined) return undefined
  return { mode: scalar(text, 'mode') ?? '', strictARP: scalar(text, 'strictARP') === 'true' }
}

/** The value of a plain YAML scalar, of whatever object: the names asked for stand in a KubeProxyConfiguration once. */
export function scalar(yaml: string, name: string): string | undefined {
  const value = new RegExp(`^\\s*${name}:\\s*(\\S.*?)?\\s*$`, 'm').exec(yaml)?.[1]
  return value?.replace(/^(["'])(.*)\1$/, '$2')
}
