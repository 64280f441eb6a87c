package guest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/offlinejoin/offlinejoin/internal/imagefs/remotedir"
)

var (
	_ remotedir.Batcher  = (*windows)(nil)
	_ remotedir.Gatherer = (*windows)(nil)
)

// send uploads a script with data behind it as one file, and runs it. The guest overwrites and removes the file before it does
// anything else; when it does not say that it has, that is done here. It returns what was printed, beside an error too.
func (w *windows) send(ctx context.Context, text string, data []byte) (out string, err error) {
	all := append([]byte(text), data...)
	defer clear(all)
	sum := sha256.Sum256(all)
	temp := w.Join(w.temp, "odj"+strings.ToLower(rand.Text()[:8])+".tmp")
	defer func() {
		if lineOf(out, "Erased=") == "" {
			err = errors.Join(err, w.erase(context.WithoutCancel(ctx), temp))
		}
	}()
	info := uploaded{int64(len(all))}.asFileInfo()
	content := bytes.NewReader(all)
	if err := inTime(ctx, func() error { return w.comm.Upload(temp, content, info) }); err != nil {
		return "", err
	}
	return w.answer(ctx, maxTold, commandOf("powershell/run.ps1", append(on(temp),
		variable{"count", strconv.Itoa(len(text))}, variable{"sum", literal(hex.EncodeToString(sum[:]))}), "powershell/sum.ps1"))
}

// windowsFunctions are the scripts that steps call, with their parameters. Each runs in a scope of its own.
var windowsFunctions = [...]struct{ name, parameters string }{
	{"expect", "$paths,$want"},
	{"create", "$path"},
	{"mkdir", "$path"},
	{"rmdir", "$path"},
	{"write", "$path,$w,$o,$want,$size"},
	{"copy", "$path,$to"},
	{"rename", "$path,$to"},
	{"link", "$path,$to"},
	{"remove", "$paths"},
	{"scrub", "$paths,$most"},
}

// windowsLibrary returns them as functions of PowerShell, odj_NAME.
func windowsLibrary() string {
	var b strings.Builder
	b.WriteString(script("powershell/sum.ps1") + "\n")
	for _, f := range windowsFunctions {
		fmt.Fprintf(&b, "function odj_%s(%s) {\n%s\n}\n", f.name, f.parameters, script("powershell/"+f.name+".ps1"))
	}
	return b.String()
}

// Batch implements remotedir.Batcher: an upload and a command for all steps, or for as many as one upload has room for.
func (w *windows) Batch(ctx context.Context, steps []remotedir.Step) (done int, err error) {
	for done < len(steps) {
		text, data, n := windowsLibrary(), []byte(nil), 0
		for _, step := range steps[done:] {
			call, more, err := windowsStep(step, len(data))
			if err != nil {
				return done, err
			}
			if n > 0 && len(data)+len(more) > maxStream {
				break
			}
			text += call + literal(strings.TrimSuffix(doneLine, "\n")) + "\n"
			data = append(data, more...)
			n++
		}
		out, err := w.send(ctx, text, data)
		clear(data)
		did := strings.Count(out, doneLine)
		if err != nil {
			return done + min(did, n-1), err
		}
		if did != n {
			return done + min(did, n), errors.New("the guest did not report what it has done")
		}
		done += n
	}
	return done, nil
}

// windowsStep returns a step as a line of PowerShell, which ends the script when it fails, and the data that it takes, which
// begins at a byte of the data that is sent. $count is the length of the script, which comes before the data.
func windowsStep(s remotedir.Step, at int) (call string, data []byte, err error) {
	line := func(name string, args ...string) string { return "odj_" + name + " " + strings.Join(args, " ") + "\n" }
	switch s.Kind {
	case remotedir.Expect:
		return line("expect", literals(s.Paths), literals(s.Digests)), nil, nil
	case remotedir.Create:
		return line("create", literal(s.Path)), nil, nil
	case remotedir.Mkdir:
		return line("mkdir", literal(s.Path)), nil, nil
	case remotedir.RemoveDir:
		return line("rmdir", literal(s.Path)), nil, nil
	case remotedir.Copy:
		return line("copy", literal(s.Path), literal(s.To)), nil, nil
	case remotedir.Rename:
		return line("rename", literal(s.Path), literal(s.To)), nil, nil
	case remotedir.Link:
		if !plainWindowsPath(s.Path) || !plainWindowsPath(s.To) { // cmd would interpret it
			return "", nil, fmt.Errorf("its name has a character that cannot be given to the guest: %s", oneLine(s.Path))
		}
		return line("link", literal(s.Path), literal(s.To)), nil, nil
	case remotedir.Remove:
		return line("remove", literals(s.Paths)), nil, nil
	case remotedir.Scrub:
		return line("scrub", literals(s.Paths), "("+mostScrubbed+")"), nil, nil
	case remotedir.SyncDir: // see [windows.SyncDir]
		return "", nil, nil
	case remotedir.Write:
		var places []string
		for _, p := range s.Pieces {
			places = append(places, fmt.Sprintf("%d,%d", p.Offset, len(p.Data)))
			data = append(data, p.Data...)
		}
		want := sha256.Sum256(data)
		return line("write", literal(s.Path), "@("+strings.Join(places, ",")+")", fmt.Sprintf("($count+%d)", at),
			literal(hex.EncodeToString(want[:])), fmt.Sprintf("(%d)", s.Size)), data, nil
	}
	return "", nil, fmt.Errorf("there is no step of kind %d", s.Kind)
}

// ListAll implements remotedir.Gatherer.
func (w *windows) ListAll(ctx context.Context, dirs []remotedir.Below) ([]remotedir.Listing, error) {
	var asked []string
	for _, d := range dirs {
		asked = append(asked, d.Root, d.Name)
	}
	out, err := w.do(ctx, "powershell/lists.ps1", []variable{{"asked", literals(asked)}}, "powershell/entries.ps1")
	if err != nil {
		return nil, err
	}
	return parseWindowsLists(out)
}

// maxPacked bounds what the guest prints of several files, which are packed.
const maxPacked = 128 << 20

// FetchAll implements remotedir.Gatherer.
func (w *windows) FetchAll(ctx context.Context, paths []string, limit int64) ([][]byte, error) {
	out, err := w.doWithin(ctx, maxPacked, "powershell/fetches.ps1", []variable{{"paths", literals(paths)}})
	if err != nil {
		return nil, err
	}
	return parseWindowsFetches(out, len(paths), limit)
}
