package offlinejoin

import "testing"

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
