package offlinejoin

import "github.com/hashicorp/packer-plugin-sdk/pathing"

// expandHome replaces "~" and "~user" at the beginning of paths of this machine by the user's home directory, as Packer
// does in ssh_private_key_file (package pathing of its SDK). A name such as "~golden.qcow2", which is no
// user's, stays what it is.
func expandHome(fields []field) {
	for _, f := range fields {
		if !f.option.IsPath() {
			continue
		}
		if path, err := pathing.ExpandUser(*f.value); err == nil {
			*f.value = path
		}
	}
}

// here are the fields with paths of this machine: with remote, windows_path is one of the guest.
func (c *Config) here() []field {
	if c.Remote {
		return append(c.JoinOptions.texts(), c.DiskOptions.texts()...)
	}
	return c.texts()
}
