package sample

import (
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
)

// JoinFile is the join file of [WriteFleet].
const JoinFile = `# Three machines, declared once. To show what would change: offlinejoin plan fleet.join.hcl
variable "images" {
  default     = "images"
  description = "the folder that the images are mounted below"
}

defaults {
  domain = "corp.example.com"
}

join "web" {
  for_each     = toset(["web01", "web02", "web03"])
  windows_path = "${var.images}/${each.key}/Windows"
  blob_file    = "secrets/${each.key}.djoin"
  machine_name = upper(each.key)
}
`

// WriteFleet makes, in dir, the images and blobs of web01, web02 and web03 and a join file that declares their joins.
// It returns the join file's path.
func WriteFleet(dir string) (joinFile string, err error) {
	for _, name := range []string{"web01", "web02", "web03"} {
		if err := WriteMember(dir, name); err != nil {
			return "", err
		}
	}
	joinFile = filepath.Join(dir, "fleet.join.hcl")
	return joinFile, os.WriteFile(joinFile, []byte(JoinFile), 0o600)
}

// WriteMember makes dir/images/NAME/Windows and dir/secrets/NAME.djoin, a blob for the machine NAME in capitals.
func WriteMember(dir, name string) error {
	if _, err := WriteTree(filepath.Join(dir, "images", name), Image{}); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "secrets"), 0o700); err != nil {
		return err
	}
	blob, err := BlobFor(strings.ToUpper(name), rid(name))
	if err != nil {
		return err
	}
	defer blob.Wipe()
	file := blob.DjoinFile()
	defer clear(file)
	return os.WriteFile(filepath.Join(dir, "secrets", name+".djoin"), file, 0o600)
}

// rid is the relative identifier of a member's account: another one for every name.
func rid(name string) uint32 { return 0x1000_0000 + crc32.ChecksumIEEE([]byte(name))>>4 }
