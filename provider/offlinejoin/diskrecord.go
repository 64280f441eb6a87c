package offlinejoin

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
)

// diskKey is the key of private state with a diskRecord.
const diskKey = "disk"

// diskRecord is what a resource remembers of the disk that it has made. Nothing secret is in it.
type diskRecord struct {
	Path      string         `json:"path"`
	Partition int            `json:"partition,omitempty"`
	OnDestroy string         `json:"on_destroy"`
	Mark      *core.DiskMark `json:"mark,omitempty"` // of the disk as it was made; nil when it was not seen then
}

func readDiskRecord(ctx context.Context, private privateReader, diags *diag.Diagnostics) (d diskRecord, recorded bool) {
	return d, readPrivate(ctx, private, diskKey, &d, diags)
}

func (d diskRecord) record(ctx context.Context, private privateWriter, diags *diag.Diagnostics) {
	writePrivate(ctx, private, diskKey, d, diags)
}

// image is the disk by itself.
func (d diskRecord) image() core.Image {
	var at core.Image
	at.ImagePath, at.Partition = d.Path, d.Partition
	return at
}

// stays says in one clause why destroying the resource now would leave the disk where it is, "" when it would go.
func (d diskRecord) stays(ctx context.Context) (string, error) {
	switch d.OnDestroy {
	case destroyKeep:
		return `on_destroy is "keep"`, nil
	case destroyDelete:
		_, err := core.ReadDisk(ctx, core.DiskRequest{Image: d.image()})
		if core.InUse(err) {
			return "something has it open now", nil
		}
		return "", nil
	}
	return core.DiskUnused(ctx, d.image(), d.Mark)
}

// runDisks are the disks that resources of the state have made, as one run of Terraform has seen them. Of a resource that is
// replaced, Terraform does not always hand on what it remembers: so it is kept here for the run, by the disk.
type runDisks struct {
	mu   sync.Mutex
	seen map[any]diskRecord
}

// see records the disk of a resource of the state.
func (r *runDisks) see(d diskRecord) {
	key := fileAt(d.Path)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[any]diskRecord{}
	}
	r.seen[key] = d
}

// at returns what a resource of the state remembers of the disk at a path.
func (r *runDisks) at(path string) (diskRecord, bool) {
	key := fileAt(path)
	r.mu.Lock()
	defer r.mu.Unlock()
	d, is := r.seen[key]
	return d, is
}
