package boot

import (
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// erase is step 7: the blob's data is overwritten with as many zeros and flushed before the value is deleted, so that
// its bytes do not stay behind in a free cell of the hive. A value larger than any blob is not our secret and only
// deleted. The digest goes with it.
func (r *run) erase() error {
	const key, name = completion.Key, completion.ValueProvisioningBlob
	var errs []error
	step := func(what string, do func() error) { errs = append(errs, said(what, guarded(do))) }
	step("deleting the digest", func() error { return r.sys.Delete(key, completion.ValueBlobSHA256) })
	size, err := r.sizeOf(key, name)
	if errors.Is(err, ErrAbsent) {
		return errors.Join(errs...)
	}
	errs = append(errs, said("measuring", err))
	if err != nil {
		size = r.blobSize
	}
	if size <= completion.MaxBlobSize {
		step("overwriting", func() error { return r.sys.SetBytes(key, name, make([]byte, size)) })
		step("flushing the zeros", func() error { return r.sys.Flush(key) })
	}
	step("deleting", func() error { return r.sys.Delete(key, name) })
	step("flushing", func() error { return r.sys.Flush(key) })
	if _, err := r.sizeOf(key, name); !errors.Is(err, ErrAbsent) {
		errs = append(errs, said("looking again", err), winerr.New(winerr.AccessDenied,
			"the blob may still be in the registry: delete SYSTEM\\"+key))
	}
	return errors.Join(errs...)
}

func (r *run) sizeOf(key, name string) (size int, err error) {
	err = guarded(func() error {
		size, err = r.sys.Size(key, name)
		return err
	})
	return size, err
}
