package ntfs

import (
	"errors"
	"fmt"
)

// Kind is why a volume, or a file on it, was refused.
type Kind uint8

// What a volume is refused for.
const (
	NotNTFS    Kind = iota + 1 // no NTFS boot sector
	BitLocker                  // encrypted, also BitLocker To Go
	ReFS                       // another file system of Windows
	Version                    // an NTFS version but 3.1
	Dirty                      // the dirty flag of $Volume
	Flagged                    // another flag of $Volume: chkdsk or an upgrade is under way
	LogPending                 // $LogFile holds changes that Windows has not carried out yet
	LogDamaged                 // $LogFile is not one
	Hibernated                 // hiberfil.sys holds a Windows that sleeps
	Damaged                    // metadata that contradicts itself
	Truncated                  // the volume is longer than what it was read from
)

// What a file or a change is refused for.
const (
	Compressed    Kind = iota + 32 // by NTFS
	Encrypted                      // by EFS
	Reparse                        // WOF (Compact OS), deduplicated, a link, in the cloud
	Hole                           // a write into a hole of a sparse file, or a change of its size
	Linked                         // several hard links
	System                         // a file of NTFS itself
	Referenced                     // other metadata refers to the file: object ids, transactions
	Fragmented                     // the list of runs does not fit its FILE record, or an attribute list is there already
	NoSpace                        // too few free clusters
	NoRecord                       // no FILE record is free and $MFT cannot grow
	DirectoryFull                  // the directory's index cannot take the name
	InvalidName                    // not a name that Windows takes
	TooLarge                       // more than 1 GiB would be taken or freed
)

// Refused means that a volume or file is not read or not changed, and why. Its text is the rest of a sentence that begins
// with the name of the volume or file, and names the way out where there is one.
type Refused struct {
	Kind   Kind
	Detail string // what was found; may be empty
}

// ErrReadOnly is returned for changes through a File that was opened on a Volume rather than on a Tx.
var ErrReadOnly = errors.New("the file was opened for reading only")

// Error returns the sentence of the kind, with the detail in parentheses before the way out.
func (r *Refused) Error() string {
	what, out := sentence(r.Kind)
	if r.Detail != "" {
		what += " (" + r.Detail + ")"
	}
	if out != "" {
		what += ": " + out
	}
	return what
}

// sentence returns what is the matter and the way out, which may be empty.
func sentence(k Kind) (what, out string) {
	switch k {
	case NotNTFS:
		return "is not an NTFS volume", ""
	case BitLocker:
		return "is encrypted with BitLocker", "decrypt it, or change it before it is encrypted"
	case ReFS:
		return "is ReFS, which only Windows can change", ""
	case Version:
		return "has an NTFS version other than 3.1", ""
	case Dirty:
		return "was not dismounted cleanly (dirty)", "start this Windows once, or run chkdsk"
	case Flagged:
		return "is marked for chkdsk or an upgrade", "start this Windows once"
	case LogPending:
		return "has changes waiting in its NTFS journal", "start this Windows once and shut it down"
	case LogDamaged:
		return "has a damaged NTFS journal", "run chkdsk in Windows"
	case Hibernated:
		return "is hibernated (or was shut down with fast startup)", "start it and shut it down with shutdown /s /full"
	case Damaged:
		return "has damaged NTFS metadata", "run chkdsk in Windows"
	case Truncated:
		return "ends before its NTFS volume does", "copy it again"
	}
	return fileSentence(k)
}

func fileSentence(k Kind) (what, out string) {
	switch k {
	case Compressed:
		return "is compressed", "run compact /u on it in Windows"
	case Encrypted:
		return "is encrypted with EFS", "run cipher /d on it in Windows"
	case Reparse:
		return "is a reparse point (a link, compressed by Compact OS, deduplicated or in a cloud)",
			"run compact /u /exe on it in Windows, or name what it points to"
	case Hole:
		return "is a sparse file with holes", "copy it in Windows to a file without them"
	case Linked:
		return "has more than one hard link", "replace it in Windows by a copy"
	case System:
		return "belongs to NTFS itself", ""
	case Referenced:
		return "is referred to by other metadata of the volume", "change it in Windows"
	case Fragmented:
		return "is in too many pieces", "defragment it in Windows"
	case NoSpace:
		return "has no room for this in few enough pieces", "free or defragment some"
	case NoRecord:
		return "has no free file record", "make and delete some files in Windows"
	case DirectoryFull:
		return "is a directory whose index cannot take another name", "use another directory"
	case InvalidName:
		return "is not a name that Windows takes", ""
	case TooLarge:
		return "is too large to be changed here", "change it in Windows"
	}
	return fmt.Sprintf("was refused (kind %d)", k), ""
}

func refuse(k Kind, format string, a ...any) error {
	return &Refused{Kind: k, Detail: fmt.Sprintf(format, a...)}
}

func damaged(format string, a ...any) error { return refuse(Damaged, format, a...) }
