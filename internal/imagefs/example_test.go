package imagefs_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/offlinejoin/offlinejoin/internal/imagefs"
	"github.com/offlinejoin/offlinejoin/internal/imagefs/open"
)

// mounted makes a folder with a Windows directory in it, as a mounted image is.
func mounted() (root string, remove func(), err error) {
	root, err = os.MkdirTemp("", "image")
	if err != nil {
		return "", nil, err
	}
	err = os.MkdirAll(filepath.Join(root, "Windows", "Panther"), 0o700)
	return root, func() { os.RemoveAll(root) }, err
}

// A Location is what the user wrote. It shows when two spellings are one place, and has an identity that does not depend on
// the working directory.
func ExampleLocation() {
	root, remove, err := mounted()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	written := imagefs.Location{WindowsPath: filepath.Join(root, "Windows")}
	spelled := imagefs.Location{WindowsPath: written.WindowsPath + "/../Windows/"}
	fmt.Println("one place:", written.Key() == spelled.Key(), written.ID() == spelled.ID())
	fmt.Println("there:", written.Presence() == imagefs.Present)

	guest := imagefs.Location{WindowsPath: "/mnt/web01/Windows", Machine: "192.0.2.7"}
	fmt.Println(guest)
	// Output:
	// one place: true true
	// there: true
	// 192.0.2.7:/mnt/web01/Windows
}

// An Identity is for whoever remembers images. A name that the user gives goes before where the image is.
func ExampleLocation_Identity() {
	root, remove, err := mounted()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	here := imagefs.Location{WindowsPath: filepath.Join(root, "Windows")}.Identity()
	there := imagefs.Location{WindowsPath: filepath.Join(root, "Windows", "Panther")}.Identity()
	fmt.Println(here.SamePlace(here), here.SamePlace(there))

	named := imagefs.Location{WindowsPath: "/mnt/a/Windows", Name: "web01"}.Identity()
	moved := imagefs.Location{WindowsPath: "/mnt/b/Windows", Name: "web01"}.Identity()
	fmt.Println(named.SamePlace(moved))
	// Output:
	// true false
	// true
}

// A Session is one visit: names are found as Windows finds them, below the drive, and Commit ends the changes.
func ExampleSession() {
	root, remove, err := mounted()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	ctx := context.Background()
	session, err := open.Image(ctx, imagefs.Location{WindowsPath: filepath.Join(root, "Windows")}, imagefs.Write)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	name := path.Join(session.Windows(), "panther", "unattend.xml") // the image spells it Panther
	_, err = session.Stat(name)
	fmt.Println("there before:", !errors.Is(err, fs.ErrNotExist))
	file, err := session.Create(name)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = file.WriteAt([]byte("<unattend/>"), 0)
	if err := errors.Join(err, file.Sync(), file.Close(), session.Prepare(ctx)); err != nil {
		fmt.Println(err)
		return
	}
	cost, err := session.Commit(ctx)
	fmt.Println("written:", cost.Bytes, "bytes,", err)
	info, err := session.Stat(name)
	fmt.Println(info.Name, info.Size, err)
	// Output:
	// there before: false
	// written: 11 bytes, <nil>
	// unattend.xml 11 <nil>
}
