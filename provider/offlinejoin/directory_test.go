package offlinejoin

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/offlinejoin/offlinejoin/internal/activedirectory/activedirectorytest"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// TestOneSessionForAllResources shows that a run opens the domain once and lets few resources at it at a time.
func TestOneSessionForAllResources(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	var opened, inside, most atomic.Int32
	one := &domain{
		words: options.DirectoryWords{Domain: "corp.example.com", User: "svc", Password: core.NewSecret([]byte("long-enough-1"))},
		open: func(core.DirectoryRequest) *core.Directory {
			opened.Add(1)
			return core.DirectoryOver(d, activedirectorytest.Others{}, d.Info())
		},
	}
	var all sync.WaitGroup
	for range 3 * mostAsking {
		all.Go(func() {
			var diags diag.Diagnostics
			_, leave, err := one.enter(t.Context(), &diags)
			if err != nil {
				t.Error(err)
				return
			}
			now := inside.Add(1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			time.Sleep(10 * time.Millisecond) // others would come in
			inside.Add(-1)
			leave()
		})
	}
	all.Wait()
	if opened.Load() != 1 || most.Load() > mostAsking {
		t.Errorf("opened %d times, up to %d at a time", opened.Load(), most.Load())
	}
}

// TestWaitingForTheDomainEnds shows that a resource which waits for its turn gives up with its time limit.
func TestWaitingForTheDomainEnds(t *testing.T) {
	t.Parallel()
	d := &activedirectorytest.Domain{}
	one := &domain{directory: core.DirectoryOver(d, activedirectorytest.Others{}, d.Info())}
	var diags diag.Diagnostics
	for range mostAsking {
		if _, _, err := one.enter(t.Context(), &diags); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := one.enter(ctx, &diags); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestDirectoryWords refuses what is wrong by itself while the provider is configured, and leaves to the apply what is not known.
func TestDirectoryWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		model   directoryModel
		unknown bool
		wrong   bool
	}{
		"good":            {directoryModel{Domain: types.StringValue("corp.example.com"), User: types.StringValue("u"), Keytab: types.StringValue("/k")}, false, false},
		"two credentials": {directoryModel{Password: types.StringValue("p"), Keytab: types.StringValue("/k")}, false, true},
		"clear":           {directoryModel{SimpleBind: types.BoolValue(true), Security: types.StringValue("sealed")}, false, true},
		"unknown":         {directoryModel{Password: types.StringUnknown()}, true, false},
	} {
		var diags diag.Diagnostics
		object, problems := types.ObjectValueFrom(t.Context(), directoryAttribute().GetType().(types.ObjectType).AttrTypes, c.model) //nolint:forcetypeassert // of a nested attribute
		if problems.HasError() {
			t.Fatal(problems)
		}
		got := readDirectory(t.Context(), object, &diags)
		if got.unknown != c.unknown || diags.HasError() != c.wrong {
			t.Errorf("%s: unknown %v, %v", name, got.unknown, diags)
		}
	}
}
