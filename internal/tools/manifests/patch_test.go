package manifests

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// operation is one of a JSON patch (RFC 6902), as far as the guides use them: to add at the end of a list, to test, and to remove
// from a list.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patched applies a patch to a manifest.
func patched(manifest, patch string) (string, error) {
	var document any
	var operations []operation
	if err := errors.Join(yaml.Unmarshal([]byte(manifest), &document), yaml.UnmarshalStrict([]byte(patch), &operations)); err != nil {
		return "", err
	}
	for _, o := range operations {
		if err := o.apply(document); err != nil {
			return "", fmt.Errorf("%s %s: %w", o.Op, o.Path, err)
		}
	}
	text, err := yaml.Marshal(document)
	return string(text), err
}

// apply changes a document. The list that is changed is in an object.
func (o operation) apply(document any) error {
	path := strings.Split(strings.TrimPrefix(o.Path, "/"), "/")
	if o.Op == "test" {
		value, err := at(document, path)
		if err == nil && !reflect.DeepEqual(value, o.Value) {
			err = fmt.Errorf("it is %v", value)
		}
		return err
	}
	name, last := path[len(path)-2], path[len(path)-1]
	parent, err := at(document, path[:len(path)-2])
	if err != nil {
		return err
	}
	object, isObject := parent.(map[string]any)
	list, isList := object[name].([]any)
	if !isObject || !isList {
		return errors.New("there is no list")
	}
	number, err := strconv.Atoi(last)
	switch {
	case o.Op == "add" && last == "-":
		object[name] = append(list, o.Value)
	case o.Op == "remove" && err == nil && number < len(list):
		object[name] = slices.Delete(list, number, number+1)
	default:
		return errors.New("this is not known")
	}
	return nil
}

// at returns what is at a path.
func at(document any, path []string) (any, error) {
	for _, name := range path {
		switch in := document.(type) {
		case map[string]any:
			document = in[name]
		case []any:
			number, err := strconv.Atoi(name)
			if err != nil || number >= len(in) {
				return nil, fmt.Errorf("there is no %s", name)
			}
			document = in[number]
		default:
			return nil, fmt.Errorf("there is no %s", name)
		}
	}
	return document, nil
}

// TestPatchedMachine: the machine with the CD is one of KubeVirt's, has a disk for each volume, and is the old one when the CD is
// taken out.
func TestPatchedMachine(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	with, err := patched(all["vm.yaml"], all["sysprep.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := decode(with)
	if err != nil {
		t.Fatal(err)
	}
	machine, _ := decoded.(*virtualMachine)
	spec := machine.Spec.Template.Spec
	if d, v := spec.Domain.Devices.Disks, spec.Volumes; len(d) != 2 || len(v) != 2 || d[0].Name != v[0].Name || d[1].Name != v[1].Name ||
		d[1].CDRom.Bus != "sata" || v[1].Sysprep.Secret.Name != "web01-sysprep" {
		t.Errorf("disks %+v, volumes %+v", spec.Domain.Devices.Disks, spec.Volumes)
	}
	without, err := patched(with, all["sysprep-gone.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := patched(all["vm.yaml"], "[]"); err != nil || without != plain {
		t.Errorf("what is left is\n%s", without)
	}
	if _, err := patched(all["vm.yaml"], all["sysprep-gone.yaml"]); err == nil {
		t.Error("a CD that is not there is taken out")
	}
	for right, wrong := range map[string]string{
		"cdrom:": "cd:", "secret:": "secretRef:", "devices/disks/-": "devices/disk/-", "value:": "values:",
	} {
		text, err := patched(all["vm.yaml"], strings.Replace(all["sysprep.yaml"], right, wrong, 1))
		if err == nil {
			_, err = decode(text)
		}
		if err == nil {
			t.Errorf("it goes through with %q", wrong)
		}
	}
}
