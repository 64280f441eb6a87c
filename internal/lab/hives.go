package lab

import (
	"context"
	"errors"
	"fmt"

	"github.com/offlinejoin/offlinejoin/internal/claims"
	"github.com/offlinejoin/offlinejoin/internal/regf"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

func hiveSteps() []Step {
	return []Step{
		{"hives-load", "hive-loads", loadHives},
		{"hives-of-the-sample-load", "hive-loads", loadSample},
		{"hives-recover", "hive-recovers", recoverHives},
		{"hives-are-written-back", "hive-written-back", writeBack},
		{"hives-keep-descriptors", "hive-descriptors", keepDescriptors},
	}
}

// loadHives has Windows load what our engine has made and edited.
func loadHives(ctx context.Context, m Machine, dir string) (Detail, error) {
	all := map[string]func() (files, error){
		"made-13": func() (files, error) { return made(3, everybody()) },
		"made-15": func() (files, error) { return made(5, everybody()) },
		"made-16": func() (files, error) { return made(6, everybody()) },
		"edited":  func() (files, error) { return edited(everybody()) },
	}
	keys := 0
	for name, make := range all {
		f, err := make()
		if err != nil {
			return nil, err
		}
		n, err := compare(ctx, m.LoadApp, f, dir, name)
		if err != nil {
			return nil, err
		}
		keys += n
	}
	return Detail{"hives": count(len(all)), "keys": count(keys)}, nil
}

// compare has Windows load the files and compares what it reads with what our engine reads. It returns the number of keys.
func compare(ctx context.Context, load func(string) (Key, error), f files, dir, name string) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	h, err := f.open()
	if err != nil {
		return 0, err
	}
	want, err := expected(h)
	if err != nil {
		return 0, err
	}
	path, err := f.write(dir, name)
	if err != nil {
		return 0, err
	}
	got, err := readLoaded(load, path)
	if err == nil {
		err = want.equals(got)
	}
	return len(want), inCase(name, err)
}

func readLoaded(load func(string) (Key, error), path string) (tree, error) {
	root, err := load(path)
	if err != nil {
		return nil, err
	}
	got, err := read(root)
	return got, errors.Join(err, root.Close())
}

// inCase names the case that failed.
func inCase(name string, err error) error {
	if _, skipped := claims.IsLacking(err); skipped || err == nil {
		return err
	}
	return differs("%s: %s", name, claims.Reason(err))
}

// loadSample has an administrator's Windows load the hives of the sample image.
func loadSample(ctx context.Context, m Machine, dir string) (Detail, error) {
	keys := 0
	for _, name := range sample.Hives() {
		if err := sample.WriteHive(dir, name, sample.Image{}); err != nil {
			return nil, err
		}
		f, err := readFiles(dir + "/" + name)
		if err != nil {
			return nil, err
		}
		n, err := compare(ctx, m.LoadMachine, f, dir, name+"-loaded")
		if err != nil {
			return nil, err
		}
		keys += n
	}
	return Detail{"hives": count(len(sample.Hives())), "keys": count(keys)}, nil
}

// recoverHives has Windows recover each state that a loss of power can leave.
func recoverHives(ctx context.Context, m Machine, dir string) (Detail, error) {
	states, err := crashed(everybody())
	if err != nil {
		return nil, err
	}
	for n, f := range states {
		if _, err := compare(ctx, m.LoadApp, f, dir, fmt.Sprintf("state-%02d", n)); err != nil {
			return nil, err
		}
	}
	return Detail{"states": count(len(states))}, nil
}

// writeBack has Windows write into our hive, and reads what it has left.
func writeBack(_ context.Context, m Machine, dir string) (Detail, error) {
	f, err := edited(everybody())
	if err != nil {
		return nil, err
	}
	h, err := f.open()
	if err != nil {
		return nil, err
	}
	want, err := expected(h)
	if err != nil {
		return nil, err
	}
	path, err := f.write(dir, "written")
	if err != nil {
		return nil, err
	}
	const keys, size = 50, 20_000
	if err := writeInto(m, path, keys, size); err != nil {
		return nil, err
	}
	left, err := readFiles(path)
	if err != nil {
		return nil, err
	}
	after, err := left.open()
	if err != nil {
		return nil, differs("our engine does not open what Windows has left")
	}
	got, err := expected(after)
	if err != nil {
		return nil, differs("our engine does not read what Windows has left")
	}
	for _, p := range regf.Check(after) {
		if !p.Oddity {
			return nil, differs("our engine finds damage in what Windows has left")
		}
	}
	for n := range keys {
		name := fmt.Sprintf("Windows%02d", n)
		want[`\`+name] = node{values: map[string]Value{"data": {"data", uint32(regf.Binary), pattern(size)}}} // the rights are Windows' choice
	}
	return Detail{"keys": count(len(got))}, want.equals(got)
}

func writeInto(m Machine, path string, keys, size int) (err error) {
	root, err := m.LoadApp(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for n := range keys {
		k, err := root.Create(fmt.Sprintf("Windows%02d", n))
		if err != nil {
			return err
		}
		if err := errors.Join(k.Set("data", pattern(size)), k.Close()); err != nil {
			return err
		}
	}
	return root.Flush()
}

// keepDescriptors has an administrator's Windows tell the access lists of our keys.
func keepDescriptors(ctx context.Context, m Machine, dir string) (Detail, error) {
	f, err := guardedHive()
	if err != nil {
		return nil, err
	}
	keys, err := compare(ctx, m.LoadMachine, f, dir, "guarded")
	return Detail{"keys": count(keys)}, err
}
