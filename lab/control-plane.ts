import type { Certificate, Pki } from './pki.ts'

/** What the API server has to know about the place it runs in. */
export interface ApiServerInit {
  kubernetes: string
  pki: Pki
  servingCertificate: Certificate
  /** Signs the API server's requests to kubelets; none when there are no nodes. */
  kubeletClientCertificate?: Certificate
  serviceAccountKeys: { privateFile: string; publicFile: string }
  etcdUrl: string
  bindAddress: string
  port: number
  /** Address that Pods reach the API server at, by the Service "kubernetes". */
  advertiseAddress: string
  /** One range for each family. */
  serviceCidrs: readonly string[]
  /** File of static tokens ("token,user,uid,groups"), for tests. */
  tokenFile?: string
}

/** @param clientPort on 127.0.0.1, without TLS: the lab keeps etcd in a namespace of its own or on loopback */
export function etcdCommand(init: {
  kubernetes: string
  dataDir: string
  clientPort: number
  peerPort: number
}): string[] {
  const client = `http://127.0.0.1:${init.clientPort}`
  const peer = `http://127.0.0.1:${init.peerPort}`
  return [
    init.kubernetes,
    'etcd',
    '--name=lab',
    `--data-dir=${init.dataDir}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=lab=${peer}`,
    '--unsafe-no-fsync', // the data does not outlive the lab, and a slow disk would slow down every write
    '--log-level=warn',
  ]
}

export function apiServerCommand(init: ApiServerInit): string[] {
  const { pki, servingCertificate, kubeletClientCertificate } = init
  return [
    init.kubernetes,
    'kube-apiserver',
    `--etcd-servers=${init.etcdUrl}`,
    `--bind-address=${init.bindAddress}`,
    `--secure-port=${init.port}`,
    `--advertise-address=${init.advertiseAddress}`,
    `--tls-cert-file=${servingCertificate.certFile}`,
    `--tls-private-key-file=${servingCertificate.keyFile}`,
    `--client-ca-file=${pki.caFile}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--service-cluster-ip-range=${init.serviceCidrs.join(',')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${init.serviceAccountKeys.publicFile}`,
    `--service-account-signing-key-file=${init.serviceAccountKeys.privateFile}`,
    // Webhooks are dialled at their Pods: no kube-proxy runs where the API server does.
    '--enable-aggregator-routing=true',
    '--profiling=false',
    ...(init.tokenFile === undefined ? [] : [`--token-auth-file=${init.tokenFile}`]),
    ...(kubeletClientCertificate === undefined
      ? []
      : [
          `--kubelet-client-certificate=${kubeletClientCertificate.certFile}`,
          `--kubelet-client-key=${kubeletClientCertificate.keyFile}`,
          `--kubelet-certificate-authority=${pki.caFile}`,
          '--kubelet-preferred-address-types=InternalIP',
        ]),
  ]
}

export function controllerManagerCommand(init: {
  kubernetes: string
  kubeconfig: string
  pki: Pki
  serviceAccountKeyFile: string
}): string[] {
  return [
    init.kubernetes,
    'kube-controller-manager',
    `--kubeconfig=${init.kubeconfig}`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false', // there is one; waiting for a Lease would only slow down the start
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${init.serviceAccountKeyFile}`,
    `--root-ca-file=${init.pki.caFile}`,
    '--concurrent-deployment-syncs=2',
  ]
}

export function schedulerCommand(init: { kubernetes: string; kubeconfig: string }): string[] {
  return [
    init.kubernetes,
    'kube-scheduler',
    `--kubeconfig=${init.kubeconfig}`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
  ]
}
