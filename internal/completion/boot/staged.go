package boot

import (
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/completion"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

// checkBlob is step 5: what would be handed to Windows is what staging wrote.
func (r *run) checkBlob() error {
	blob, err := readBlob(r.sys)
	r.blobSize = len(blob)
	clear(blob)
	return err
}

// checkContract refuses what this program was not made for.
func checkContract(reg Registry, states ...string) error {
	version, err := reg.Number(completion.Key, completion.ValueVersion)
	switch {
	case errors.Is(err, ErrAbsent):
		return winerr.New(winerr.NoOfflineJoinInfo, "nothing is staged in SYSTEM\\"+completion.Key)
	case err != nil:
		return said("reading "+completion.ValueVersion, err)
	case version == 0 || version > completion.Version:
		return winerr.New(winerr.BadOfflineJoinInfo, "what is staged has version "+strconv.FormatUint(uint64(version), 10)+
			", and this program understands 1 to "+strconv.Itoa(int(completion.Version))+
			": stage the image again with the program of the same release")
	}
	if err := expectText(reg, completion.ValueMethod, completion.MethodRegistry); err != nil {
		return err
	}
	return expectText(reg, completion.ValueState, states...)
}

// expectText refuses a value of the contract that is not as it must be. Its text is not shown: who wrote it is unknown.
func expectText(reg Registry, name string, want ...string) error {
	got, err := reg.Text(completion.Key, name)
	if err != nil && !errors.Is(err, ErrAbsent) {
		return said("reading "+name, err)
	}
	if err != nil || !slices.Contains(want, got) {
		return winerr.New(winerr.BadOfflineJoinInfo, name+` of what is staged is not "`+strings.Join(want, `" or "`)+
			`": stage the image again`)
	}
	return nil
}

// readBlob returns the blob, of the right size and with the digest that staging recorded. The caller owns and wipes it;
// with an error its length is that of the data all the same, and it holds nothing.
func readBlob(src Source) ([]byte, error) {
	const key = completion.Key
	size, err := src.Size(key, completion.ValueProvisioningBlob)
	switch {
	case errors.Is(err, ErrAbsent):
		return nil, winerr.New(winerr.NoOfflineJoinInfo,
			"the blob is not in the registry any more: stage the image again with a new blob")
	case err != nil:
		return nil, said("reading the blob", err)
	case size < completion.MinBlobSize || size > completion.MaxBlobSize:
		return nil, winerr.New(winerr.BadOfflineJoinInfo, "the blob in the registry has "+strconv.Itoa(size)+
			" bytes, and "+strconv.Itoa(completion.MinBlobSize)+" to "+strconv.Itoa(completion.MaxBlobSize)+
			" are possible: stage the image again")
	}
	blob := make([]byte, size)
	if err := guarded(func() error { return checkedBytes(src, blob) }); err != nil {
		clear(blob)
		return blob, said("reading the blob", err)
	}
	return blob, nil
}

func checkedBytes(src Source, blob []byte) error {
	want, err := src.Text(completion.Key, completion.ValueBlobSHA256)
	if errors.Is(err, ErrAbsent) {
		return winerr.New(winerr.BadOfflineJoinInfo, "its digest "+completion.ValueBlobSHA256+
			" is not in the registry: stage the image again")
	}
	if err != nil {
		return err
	}
	if err := src.Bytes(completion.Key, completion.ValueProvisioningBlob, blob); err != nil {
		return err
	}
	sum, err := src.SHA256(blob)
	if err != nil {
		return said("computing its digest", err)
	}
	if hex.EncodeToString(sum[:]) != want {
		return winerr.New(winerr.BadOfflineJoinInfo, "it is not the blob that was staged, because its digest is not "+
			completion.ValueBlobSHA256+": stage the image again")
	}
	return nil
}
