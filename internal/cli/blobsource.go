package cli

import (
	"github.com/spf13/cobra"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// standardFile is the file name that means standard input or standard output.
const standardFile = "-"

// standardInput is what messages call it.
const standardInput = "the blob on standard input"

// blobSource is where a blob is, and what opens it when it is encrypted.
type blobSource struct{ file, identityFile string }

// used are the paths of a blob, and of the report on what is done with it.
func (b blobSource) used(report string) []options.Used {
	used := []options.Used{
		{Option: options.ReportFile, Path: report}, {Option: options.IdentityFile, Path: b.identityFile},
	}
	if b.file != standardFile {
		used = append(used, options.Used{Option: options.BlobFile, Path: b.file})
	}
	return used
}

// identityFlag adds the flag for the identity of a blob that may be encrypted.
func identityFlag(cmd *cobra.Command, from *blobSource) {
	optionFlag(cmd, options.IdentityFile, "FILE", setString(&from.identityFile))
}

// readBlob reads a blob, and returns it with what messages call it. The caller wipes the blob.
func (a *app) readBlob(from blobSource) (blob []byte, name string, err error) {
	name = from.file
	var warning string
	if from.file == standardFile {
		name = standardInput
		blob, warning, err = options.ReadBlob(a.stdin, name, from.identityFile)
	} else {
		blob, warning, err = options.ReadBlobFile(from.file, from.identityFile)
	}
	a.warnIf(warning)
	return blob, name, err
}

// openBlob reads and parses a blob. The caller wipes it.
func (a *app) openBlob(from blobSource) (*offlinejoin.Blob, error) {
	content, name, err := a.readBlob(from)
	if err != nil {
		return nil, err
	}
	return offlinejoin.ReadBlob(content, name)
}
