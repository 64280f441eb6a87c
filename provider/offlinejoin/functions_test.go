package offlinejoin

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/offlinejoin/offlinejoin/internal/canary"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

// call calls a function of the provider as Terraform does.
func call(t *testing.T, name string, args ...string) (tftypes.Value, *tfprotov6.FunctionError) {
	t.Helper()
	ctx := context.Background()
	server, err := factories()["offlinejoin"]()
	if err != nil {
		t.Fatal(err)
	}
	req := &tfprotov6.CallFunctionRequest{Name: name}
	for _, arg := range args {
		value, err := tfprotov6.NewDynamicValue(tftypes.String, tftypes.NewValue(tftypes.String, arg))
		if err != nil {
			t.Fatal(err)
		}
		req.Arguments = append(req.Arguments, &value)
	}
	resp, err := server.CallFunction(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Error != nil {
		return tftypes.Value{}, resp.Error
	}
	all, err := server.GetFunctions(ctx, &tfprotov6.GetFunctionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	value, err := resp.Result.Unmarshal(all.Functions[name].Return.Type)
	if err != nil {
		t.Fatal(err)
	}
	return value, nil
}

func text(t *testing.T, value tftypes.Value) string {
	t.Helper()
	var s string
	if err := value.As(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	data := blob.AccountData()
	wrapped := data[:60] + "\r\n" + data[60:] + "\n"
	for _, given := range []string{data, wrapped} {
		got, failure := call(t, "fingerprint", given)
		if failure != nil || text(t, got) != blob.Fingerprint() {
			t.Errorf("fingerprint: %v, %v", got, failure)
		}
		if got, failure = call(t, "account_data", given); failure != nil || text(t, got) != data {
			t.Errorf("account_data is not the one line of base64: %v", failure)
		}
	}
	facts, failure := call(t, "inspect_blob", data)
	if failure != nil {
		t.Fatal(failure)
	}
	var attributes map[string]tftypes.Value
	if err := facts.As(&attributes); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"machine_name": "WEB01", "domain": "corp.example.com", "netbios_domain": "CORP", "domain_sid": blob.DomainSID(),
		"fingerprint": blob.Fingerprint(), "domain_controller": "dc1.corp.example.com", "site": "Default-First-Site-Name",
	} {
		if got := text(t, attributes[name]); got != want {
			t.Errorf("inspect_blob: %s = %q, want %q", name, got, want)
		}
	}
}

func TestAnswerFileFunction(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	template := `<unattend xmlns="urn:schemas-microsoft-com:unattend"><settings pass="oobeSystem"/></unattend>`
	for name, args := range map[string][]string{
		"whole": {blob.AccountData(), "amd64"}, "merged": {blob.AccountData(), "arm64", template},
	} {
		got, failure := call(t, "answer_file", args...)
		if failure != nil {
			t.Fatalf("%s: %v", name, failure)
		}
		file := text(t, got)
		for _, want := range []string{
			"<AccountData>" + blob.AccountData() + "</AccountData>", "<ComputerName>WEB01</ComputerName>",
			`processorArchitecture="` + args[1] + `"`, `pass="specialize"`,
		} {
			if !strings.Contains(file, want) {
				t.Errorf("%s: the answer file lacks %s", name, want)
			}
		}
		if (name == "merged") != strings.Contains(file, `<settings pass="oobeSystem"/>`) {
			t.Errorf("%s: the template is not as it was", name)
		}
	}
}

func TestAnswerFileFunctionReplaces(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	other := `<unattend xmlns="urn:schemas-microsoft-com:unattend"><settings pass="specialize"><component ` +
		`name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" ` +
		`language="neutral" versionScope="nonSxS"><ComputerName>OTHER</ComputerName></component></settings></unattend>`
	got, failure := call(t, "answer_file", blob.AccountData(), "amd64", other, "replace")
	if failure != nil {
		t.Fatal(failure)
	}
	if file := text(t, got); strings.Contains(file, "OTHER") || !strings.Contains(file, "<ComputerName>WEB01</ComputerName>") {
		t.Error("the other name was not replaced")
	}
	for _, words := range [][]string{{}, {"fail"}} {
		_, failure := call(t, "answer_file", append([]string{blob.AccountData(), "amd64", other}, words...)...)
		if failure == nil || !strings.Contains(failure.Text, `or set on_existing = "replace"`) {
			t.Errorf("with %q: %v", words, failure)
		}
	}
	for _, words := range [][]string{{"keep"}, {"replace", "replace"}, {other}} {
		if _, failure := call(t, "answer_file", append([]string{blob.AccountData(), "amd64", other}, words...)...); failure == nil {
			t.Errorf("with %d words more it is not refused", len(words))
		}
	}
}

func TestFunctionsRefuse(t *testing.T) {
	t.Parallel()
	blob, _ := sampletest.Blob(t)
	data := blob.AccountData()
	secret := canary.ForBlob(blob.Bytes(), blob.MachinePassword())
	other := `<unattend xmlns="urn:schemas-microsoft-com:unattend"><settings pass="specialize"><component ` +
		`name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64"><ComputerName>OTHER</ComputerName></component>` +
		`</settings></unattend>`
	for name, args := range map[string][]string{
		"fingerprint":             {"hello"},
		"inspect_blob":            {data[:len(data)/2]},
		"account_data":            {data[:1000] + "*" + data[1001:]},
		"answer_file":             {data, "ia64"},
		"answer_file two":         {data, "amd64", other, other},
		"answer_file other":       {data, "amd64", other},
		"answer_file no XML":      {data, "amd64", data},
		"answer_file broken blob": {data[1:], "amd64"},
	} {
		function, _, _ := strings.Cut(name, " ")
		_, failure := call(t, function, args...)
		if failure == nil {
			t.Errorf("%s: no failure", name)
		} else if aboutTheBlob := failure.FunctionArgument != nil && *failure.FunctionArgument == 0; aboutTheBlob != strings.Contains(failure.Text, `filebase64("web01.djoin")`) {
			t.Errorf("%s: whether it says how a blob is read: %s", name, failure.Text)
		} else if found := secret.In([]byte(failure.Text)); found != nil {
			t.Errorf("%s: the failure shows %q", name, found)
		}
	}
}
