/** Leases in their three uses: leading, being registered, watching who is registered. */
export { LeaderElector, type LeaderElectorInit } from './leader-elector.ts'
export { type Lease, type LeaseView, viewLease } from './lease-record.ts'
export { LeaseRegistration, type LeaseRegistrationInit, type RegistrationState } from './lease-registration.ts'
export { type LeaseState, LeaseWatcher, type LeaseWatcherInit } from './lease-watcher.ts'
