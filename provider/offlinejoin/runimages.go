package offlinejoin

import "sync"

// runImages is what one run of Terraform has seen of images, and done to them. Terraform hands the private data of a
// resource on when it plans and applies it, but not that of one that it replaces after taint, so what matters of that is
// kept here for the run, by the image.
type runImages struct {
	mu     sync.Mutex
	seen   map[any]string // the fingerprint of the join that a resource of the state has in the image
	owners map[any]string // the token of the resource that staged or took over the join in this run
}

// see records the join that a resource of the state has in an image.
func (r *runImages) see(key any, fingerprint string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[any]string{}
	}
	r.seen[key] = fingerprint
}

// seenIn returns the fingerprint of the join that a resource of the state has in an image, "" when none has.
func (r *runImages) seenIn(key any) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[key]
}

// own records who staged a join into an image in this run, or took it over.
func (r *runImages) own(key any, token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owners == nil {
		r.owners = map[any]string{}
	}
	r.owners[key] = token
}

// ownerOf returns who staged a join into an image in this run, "" when nobody did.
func (r *runImages) ownerOf(key any) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.owners[key]
}
