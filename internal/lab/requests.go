package lab

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/odj/blobfolder"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/winerr"
)

func requestSteps() []Step {
	return []Step{
		{"request-of-our-blob", "request-takes-our-blobs", requestCase{want: []winerr.Code{winerr.Success}}.run},
		{"request-of-a-damaged-blob", "request-codes", requestCase{
			blob: func(b []byte) []byte { b[0] ^= 0x40; return b },
			want: []winerr.Code{winerr.BadOfflineJoinInfo, winerr.InvalidParameter, winerr.ProvisioningBlobUnsupported},
		}.run},
		{"request-of-half-a-blob", "request-codes", requestCase{
			blob: func(b []byte) []byte { return b[:len(b)/2] },
			want: []winerr.Code{winerr.BadOfflineJoinInfo, winerr.InvalidParameter, winerr.ProvisioningBlobUnsupported},
		}.run},
		{"request-for-a-domain-controller", "request-codes", requestCase{
			image: sample.Image{ProductType: "LanmanNT"},
			want:  []winerr.Code{winerr.NotSupported, winerr.InvalidParameter, winerr.CantCreateJoinInfo},
		}.run},
		{"request-for-no-windows", "request-codes", requestCase{
			below: "System32",
			want: []winerr.Code{
				winerr.CantLoadOfflineHive, winerr.InvalidParameter, winerr.FileNotFound, pathNotFound,
			},
		}.run},
	}
}

const pathNotFound winerr.Code = 3 // ERROR_PATH_NOT_FOUND

// OfBlobs returns a step for each blob of a folder of the user's, such as of blobs that Samba or djoin made: Windows' function must take
// it.
func OfBlobs(folder string) ([]Step, error) {
	blobs, err := blobfolder.Open(folder)
	if err != nil {
		return nil, err
	}
	var all []Step
	for i, read := range blobs {
		c := requestCase{read: read, want: []winerr.Code{winerr.Success}}
		all = append(all, Step{fmt.Sprintf("request-of-blob-%d", i+1), "request-takes-our-blobs", c.run})
	}
	return all, nil
}

// requestCase is a call of NetRequestOfflineDomainJoin for the sample image.
type requestCase struct {
	image sample.Image
	read  func() (*odj.Blob, error) // nil: the sample blob
	blob  func([]byte) []byte       // nil leaves it as it is
	below string                    // a folder of the Windows directory that is named in its place
	want  []winerr.Code             // one of them
}

func (c requestCase) run(_ context.Context, m Machine, dir string) (Detail, error) {
	tree, err := sample.WriteTree(dir, c.image)
	if err != nil {
		return nil, err
	}
	read := sample.Blob
	if c.read != nil {
		read = c.read
	}
	blob, err := read()
	if err != nil {
		return nil, err
	}
	defer blob.Wipe()
	raw := bytes.Clone(blob.Bytes())
	defer clear(raw)
	if c.blob != nil {
		raw = c.blob(raw)
	}
	code, err := m.RequestOfflineJoin(raw, filepath.Join(tree, c.below))
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.want, winerr.Code(code)) {
		return nil, differs("code %d", code)
	}
	return Detail{"code": strconv.FormatUint(uint64(code), 10)}, nil
}
