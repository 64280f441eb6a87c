// Package manifests holds no code, only tests that decode strictly the manifests of our guides (examples/guides and
// examples/fleets): a field that does not exist, or is of another type, is an error. Kinds of Kubernetes itself are decoded into the
// types of k8s.io/api. KubeVirt's and CDI's modules are not to be had where this is built, so for their kinds there are
// stand-ins, written from their public documentation, with the fields that the guides use and no others; the same goes for
// GitLab's pipelines. Workflows of GitHub are looked at by actionlint.
//
// It is in this module so that the product does not depend on Kubernetes.
package manifests
