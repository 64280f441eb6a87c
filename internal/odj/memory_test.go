package odj

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"runtime"
	"testing"
)

// hostile are inputs of about 1 MiB that are refused as late, and cost as much on the way, as an enemy can arrange.
func hostile(t testing.TB) map[string][]byte {
	t.Helper()
	inputs := map[string][]byte{
		"text that is not base64": bytes.Repeat([]byte("A"), MaxSize-1),
		"zeros":                   make([]byte, MaxSize),
	}
	damage := func(name string, tree *provision) {
		raw := encoded(t, tree)
		if len(raw) > MaxSize || len(raw) < MaxSize*9/10 {
			t.Fatalf("%s has %d bytes", name, len(raw))
		}
		// A copy of the join that differs is found at the end of all reading.
		last := bytes.LastIndex(raw, utf16le("WEB01"))
		raw[last] = 'X'
		inputs[name] = raw
	}

	tree := webTree(t)
	big := make([]policyElement, 4000)
	for i := range big {
		big[i] = policyElement{new("Software\\Policies\\Key"), new("Name of a value"), 1, make([]byte, 120)}
	}
	list := collectionOf(tree)
	list.parts = append(list.parts, part{partType: guidPolicyProvider, policies: &policyPart{
		lists: []policyList{{elements: big}},
	}})
	damage("4000 policy values", tree)

	tree = webTree(t)
	list = collectionOf(tree)
	list.parts = append(list.parts, part{partType: guidPolicyProvider, policies: &policyPart{}})
	for range 14 {
		text := string(bytes.Repeat([]byte("日"), 32767))
		list.parts[2].policies.lists = append(list.parts[2].policies.lists, policyList{source: &text})
	}
	list.parts[2].policies.extension = make([]byte, 90000)
	damage("long strings", tree)

	tree = webTree(t)
	for range 4000 {
		tree.blobs = append(tree.blobs, formatBlob{format: 9, raw: make([]byte, 240)})
	}
	damage("4000 formats", tree)

	raw := encoded(t, fullTree(t))
	lying := append(raw, make([]byte, MaxSize-len(raw))...)
	binary.LittleEndian.PutUint32(lying[atObjectLength:], MaxSize-16)
	binary.LittleEndian.PutUint32(lying[atCountBlobs:], 80000)
	binary.LittleEndian.PutUint32(lying[32:], 80000)
	inputs["80000 formats announced"] = lying

	inputs["cut off, as text"] = []byte(base64.StdEncoding.EncodeToString(lying[:MaxSize/4*3-3]))
	return inputs
}

// TestHostileInputCostsLittle is not parallel, so that what it measures is Parse alone.
func TestHostileInputCostsLittle(t *testing.T) {
	const limit = 4 << 20
	for name, data := range hostile(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(data)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		used := after.TotalAlloc - before.TotalAlloc
		t.Logf("%-30s %7d bytes in, %7d allocated: %.90v", name, len(data), used, err)
		if used > limit {
			t.Errorf("%s: %d bytes allocated, more than %d", name, used, limit)
		}
	}
}
