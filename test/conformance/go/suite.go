// Package conformance pins Kubernetes' end-to-end suite, the image that its Pods run and the runner of its specs. All of
// it is built from the modules themselves, unchanged.
package conformance

import _ "k8s.io/kubernetes/test/e2e"
