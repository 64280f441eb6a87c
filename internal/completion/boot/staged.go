package boot

import (
	"errors"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// staged checks the contract and returns the blob. The caller owns and wipes it.
func (r *run) staged() ([]byte, error) {
	if err := r.checkContract(); err != nil {
		return nil, err
	}
	size, err := r.sys.Size(completion.Key, completion.ValueProvisioningBlob)
	switch {
	case errors.Is(err, ErrAbsent):
		return nil, winerr.Errorf(winerr.NoOfflineJoinInfo,
			"the blob is not in the registry any more: stage the image again with a new blob")
	case err != nil:
		return nil, said("reading the blob", err)
	case size < completion.MinBlobSize || size > completion.MaxBlobSize:
		return nil, winerr.Errorf(winerr.BadOfflineJoinInfo,
			"the blob in the registry has %d bytes, and %d to %d are possible: stage the image again",
			size, completion.MinBlobSize, completion.MaxBlobSize)
	}
	r.blobSize = size
	blob := make([]byte, size)
	if err := r.sys.Bytes(completion.Key, completion.ValueProvisioningBlob, blob); err != nil {
		clear(blob)
		return nil, said("reading the blob", err)
	}
	return blob, nil
}

// checkContract refuses what this program was not made for.
func (r *run) checkContract() error {
	version, err := r.sys.Number(completion.Key, completion.ValueVersion)
	switch {
	case errors.Is(err, ErrAbsent):
		return winerr.Errorf(winerr.NoOfflineJoinInfo, "nothing is staged in SYSTEM\\%s", completion.Key)
	case err != nil:
		return said("reading "+completion.ValueVersion, err)
	case version != completion.Version:
		return winerr.Errorf(winerr.BadOfflineJoinInfo, "what is staged has version %d, and this program understands %d: "+
			"stage the image again with the program of the same release", version, completion.Version)
	}
	if err := r.expectText(completion.ValueMethod, completion.MethodRegistry); err != nil {
		return err
	}
	return r.expectText(completion.ValueState, completion.StateStaged)
}

// expectText refuses a value of the contract that is not as it must be. Its text is not shown: who wrote it is unknown.
func (r *run) expectText(name, want string) error {
	got, err := r.sys.Text(completion.Key, name)
	if err != nil && !errors.Is(err, ErrAbsent) {
		return said("reading "+name, err)
	}
	if err != nil || got != want {
		return winerr.Errorf(winerr.BadOfflineJoinInfo, "%s of what is staged is not %q: stage the image again", name, want)
	}
	return nil
}
