package e2e

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/odj"
	"github.com/offlinejoin/offlinejoin/internal/sample"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// world is what the scripts of one run have around them. The commands below are what a terminal has not.
type world struct {
	env   []string
	image func(t testing.TB, dir string) string
	blob  func(t testing.TB, machine, file string)
	boot  func(t testing.TB, windows string) []byte
}

// run runs the scripts in a folder below testdata.
func (w world) run(t *testing.T, folder string) {
	t.Helper()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", folder),
		Setup: func(e *testscript.Env) error {
			tb, ok := e.T().(testing.TB)
			if !ok {
				return fmt.Errorf("a script's %T is no testing.TB", e.T())
			}
			e.Values[stateKey{}] = &state{
				world: w, tb: tb, trees: map[string]snapshot{}, locks: map[string]func(){}, onEnd: e.Defer,
				vars: func() []string { return e.Vars },
			}
			home := filepath.Join(e.WorkDir, "home")
			e.Vars = append(e.Vars, w.env...)
			e.Vars = append(e.Vars, "HOME="+home, "PACKER_CONFIG_DIR="+home,
				"PACKER_CACHE_DIR="+filepath.Join(home, "cache"))
			return os.Mkdir(home, 0o700)
		},
		Cmds: both(both(terraformCommands(), packerCommands()), map[string]scriptCommand{
			"image":     command(1, (*state).makeImage),
			"disk":      command(1, (*state).makeDisk),
			"golden":    command(1, (*state).makeGolden),
			"general":   command(1, (*state).makeGeneralized),
			"blob":      command(2, (*state).makeBlob),
			"boot":      command(2, (*state).bootImage),
			"remember":  command(1, (*state).remember),
			"untouched": command(1, (*state).untouched),
			"secret":    command(1, (*state).secret),
			"nosecret":  command(-1, (*state).noSecret),
			"unzip":     command(2, (*state).unzip),
			"volume":    command(2, (*state).makeVolume),
			"takeout":   command(-1, (*state).takeOut),
		}),
	})
}

func both(a, b map[string]scriptCommand) map[string]scriptCommand {
	maps.Copy(a, b)
	return a
}

// state is one script's.
type state struct {
	world
	tb     testing.TB
	trees  map[string]snapshot
	locks  map[string]func() // by image; calling it lets go
	search *canary.Search
	onEnd  func(func())    // runs when the script has ended
	vars   func() []string // its environment at the beginning
}

type stateKey struct{}

// command makes a script command of a method that takes n arguments; -1 stands for any number.
func command(n int, do func(s *state, abs func(string) string, args []string)) scriptCommand {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || n >= 0 && len(args) != n || len(args) == 0 {
			ts.Fatalf("want %d arguments and no negation", n)
		}
		s, ok := ts.Value(stateKey{}).(*state)
		if !ok {
			ts.Fatalf("the script has no state")
		}
		do(s, ts.MkAbs, args)
	}
}

type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

// makeImage: `image DIR` makes DIR/Windows.
func (s *state) makeImage(abs func(string) string, args []string) { s.image(s.tb, abs(args[0])) }

// makeDisk: `disk FILE` makes a raw disk image of one NTFS volume with a Windows in it.
func (s *state) makeDisk(abs func(string) string, args []string) {
	must(s.tb, os.Rename(sampletest.Volume(s.tb, sample.Image{}), abs(args[0])))
}

// makeGolden: `golden FILE` makes a qcow2 image of a disk whose third partition has a Windows in it.
func (s *state) makeGolden(abs func(string) string, args []string) {
	must(s.tb, os.Rename(sampletest.Golden(s.tb, sample.Image{}), abs(args[0])))
}

// makeGeneralized: `general DIR` makes DIR/Windows as sysprep /generalize leaves it.
func (s *state) makeGeneralized(abs func(string) string, args []string) {
	_, err := sample.WriteTree(abs(args[0]), sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"})
	must(s.tb, err)
}

// makeBlob: `blob MACHINE FILE` makes an account and writes its blob. Its secrets are what `nosecret` looks for.
func (s *state) makeBlob(abs func(string) string, args []string) {
	file := abs(args[1])
	must(s.tb, os.MkdirAll(filepath.Dir(file), 0o700))
	s.blob(s.tb, args[0], file)
	b := s.lookFor(file)
	variable := fmt.Appendf(nil, "blob = %q\n", b.AccountData())
	for name, content := range map[string][]byte{
		file + ".b64": []byte(b.AccountData()),
		file + ".bin": b.Bytes(),
		strings.TrimSuffix(file, filepath.Ext(file)) + ".pkrvars.hcl": variable,
	} {
		must(s.tb, os.WriteFile(name, content, 0o600))
	}
}

// lookFor makes the secrets of a blob what `nosecret` looks for, too.
func (s *state) lookFor(file string) *odj.Blob {
	data, err := os.ReadFile(file)
	must(s.tb, err)
	b, err := odj.Parse(data)
	must(s.tb, err)
	search := canary.ForBlob(b.Bytes(), b.MachinePassword())
	if s.search != nil {
		search = search.And(s.search)
	}
	s.search = search
	return b
}

// bootImage: `boot WINDOWS FILE` boots an image for the first time and writes what Windows' function received to FILE.
func (s *state) bootImage(abs func(string) string, args []string) {
	must(s.tb, os.WriteFile(abs(args[1]), s.boot(s.tb, abs(args[0])), 0o600))
	isWhole(s.tb, abs(args[0]))
}

// remember: `remember DIR` looks at a tree, for `untouched DIR`.
func (s *state) remember(abs func(string) string, args []string) {
	s.trees[abs(args[0])] = take(s.tb, abs(args[0]))
}

func (s *state) untouched(abs func(string) string, args []string) {
	before, ok := s.trees[abs(args[0])]
	if !ok {
		s.tb.Fatalf("%s was not remembered", args[0])
	}
	before.untouched(s.tb, abs(args[0]))
}

// secret: `secret FILE` wants a secret in FILE, which proves that the search is not blind.
func (s *state) secret(abs func(string) string, args []string) {
	content, err := os.ReadFile(abs(args[0]))
	must(s.tb, err)
	if s.search.In(content) == nil {
		s.tb.Fatalf("%s holds no secret: the search is blind", args[0])
	}
}

// noSecret: `nosecret DIR [-EXCEPT…]` wants no secret in any file below DIR, but for those below the folders named.
func (s *state) noSecret(abs func(string) string, args []string) {
	root := abs(args[0])
	var except []string
	for _, arg := range args[1:] {
		except = append(except, filepath.Join(root, strings.TrimPrefix(arg, "-")))
	}
	found, files, err := s.search.InTree(root, func(path string) bool { return slices.Contains(except, path) })
	must(s.tb, err)
	s.tb.Logf("%d files below %s searched", files, args[0])
	if files == 0 {
		s.tb.Errorf("there was no file below %s to search", args[0])
	}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		s.tb.Errorf("%s holds %q", path, found[path])
	}
}

// unzip: `unzip FILE DIR`, such as a plan of terraform.
func (s *state) unzip(abs func(string) string, args []string) {
	z, err := zip.OpenReader(abs(args[0]))
	must(s.tb, err)
	defer func() { _ = z.Close() }() // only read
	for _, f := range z.File {
		in, err := f.Open()
		must(s.tb, err)
		content, err := io.ReadAll(in)
		must(s.tb, err)
		to := filepath.Join(abs(args[1]), filepath.FromSlash(f.Name))
		must(s.tb, os.MkdirAll(filepath.Dir(to), 0o700))
		must(s.tb, os.WriteFile(to, content, 0o600))
	}
}
