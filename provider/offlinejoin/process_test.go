package offlinejoin

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

func TestLogsAreWantedWhenAnyVariableAsksForThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environment []string
		want        bool
	}{
		{nil, false},
		{[]string{"PATH=/bin", "TF_IN_AUTOMATION=1", "TF_LOG="}, false},
		{[]string{"TF_LOG=debug"}, true},
		{[]string{"TF_LOG_PROVIDER=info"}, true},
		{[]string{"TF_LOG_PROVIDER_OFFLINEJOIN=trace"}, true},
		{[]string{"TF_LOG_SDK_PROTO_DATA_DIR=/tmp/data"}, true},
	} {
		if got := logsWanted(c.environment); got != c.want {
			t.Errorf("%q: %v, want %v", c.environment, got, c.want)
		}
	}
}

// childMark makes the test's program serve one call, as the provider's process does.
const childMark = "OFFLINEJOIN_TEST_PREPARED"

// TestPreparedProcessLogsOnlyWhenAsked looks at what a process writes to standard error, where Terraform reads logs.
func TestPreparedProcessLogsOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	if os.Getenv(childMark) != "" {
		PrepareProcess()
		provider := tf6server.New("registry.terraform.io/offlinejoin/offlinejoin", providerserver.NewProtocol6(New("test")())())
		if _, err := provider.GetProviderSchema(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, c := range []struct {
		variable string
		logs     bool
	}{{"TF_LOG=", false}, {"TF_LOG=trace", true}, {"TF_LOG_PROVIDER_OFFLINEJOIN=trace", true}} {
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
			return strings.HasPrefix(variable, logPrefix)
		}), childMark+"=1", c.variable)
		var logs strings.Builder
		child.Stderr = &logs
		if err := child.Run(); err != nil {
			t.Fatalf("%v: %s", err, logs.String())
		}
		if got := logs.Len() > 0; got != c.logs {
			t.Errorf("%s: logs %q", c.variable, logs.String())
		}
	}
}
