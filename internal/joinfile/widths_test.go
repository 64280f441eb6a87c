package joinfile_test

import (
	"runtime"
	"strings"
	"testing"
)

// A width is one allocation, which no look at the heap can end: it is refused before.
func TestWidthsAreBounded(t *testing.T) { // not parallel: it measures memory
	for _, c := range []struct{ expression, want string }{
		{`format("%2000000000s", "x")`, "width or precision is below 10000"},
		{`format("%-002000000000d", 1)`, "width or precision is below 10000"},
		{`format("%.2000000000f", 1)`, "width or precision is below 10000"},
		{`format("%[1]2000000000s", "x")`, "width or precision is below 10000"},
		{`formatlist("%2000000000s", ["x", "y"])[0]`, "width or precision is below 10000"},
		{`indent(2000000000, "a\nb")`, "number of blanks is below 10000"},
		{`format("%9999s", "x")`, ""},
		{`format("100000%% %s %03d", "100000", 100000)`, ""},
		{`formatlist("%03d", [1, 2])[1]`, ""},
		{`indent(2, "ab")`, ""},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, told := load(t, "a.join.hcl", "locals {\n a = "+c.expression+"\n}\njoin \"a\" {\n windows_path = \"/x\"\n blob_file = \"b\"\n"+
			" machine_name = substr(local.a, 0, 3)\n}\n")
		runtime.ReadMemStats(&after)
		// The renderer breaks lines where it likes.
		if told = strings.Join(strings.Fields(told), " "); c.want == "" && told != "" || !strings.Contains(told, c.want) {
			t.Errorf("%s: want %q in %.300s", c.expression, c.want, told)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d bytes were allocated", c.expression, used)
		}
	}
}
