package offlinejoin

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/offlinejoin/offlinejoin/internal/options"
	"github.com/offlinejoin/offlinejoin/internal/sample/sampletest"
)

const invalid = " (87 ERROR_INVALID_PARAMETER)"

// mistakes lists what packer validate catches in the options of a join: one sentence each, which says what to write.
func mistakes(blobFile, notABlob string) map[string]struct {
	config map[string]any
	want   string
} {
	with := func(kv ...any) map[string]any {
		c := map[string]any{"windows_path": "/mnt/Windows", "blob_file": blobFile}
		for i := 0; i < len(kv); i += 2 {
			if kv[i+1] == nil {
				delete(c, kv[i].(string))
				continue
			}
			c[kv[i].(string)] = kv[i+1]
		}
		return c
	}
	return map[string]struct {
		config map[string]any
		want   string
	}{
		"no blob": {
			with("blob_file", nil),
			"the blob is missing: give blob_file, or blob with a sensitive variable, or an account block to make the account" + invalid,
		},
		"two blobs": {
			with("blob", "x"),
			"blob_file and blob are both there: keep one of them, better blob_file" + invalid,
		},
		"a blob that is not known yet, and a file": {
			with("blob", "<unknown>"),
			"blob_file and blob are both there: keep one of them, better blob_file" + invalid,
		},
		"an identity without a file": {
			with("blob_file", nil, "blob", "<unknown>", "identity_file", "key.txt"),
			"identity_file opens a blob_file: leave it out beside blob" + invalid,
		},
		"method": {
			with("method", "magic"),
			`method = "magic" is not known: use "auto", "registry", "answer_file" or "native"` + invalid,
		},
		"on_existing": {
			with("on_existing", "overwrite"),
			`on_existing = "overwrite" is not known: use "fail", "replace" or "keep"` + invalid,
		},
		"reuse": {
			with("reuse", "yes"),
			`reuse = "yes" is not known: use "refuse" or "allow"` + invalid,
		},
		"reuse without reason": {
			with("reuse", "allow"),
			`reuse = "allow" needs a reason: set reuse_reason, such as "web01 is rebuilt"` + invalid,
		},
		"reason without reuse": {
			with("reuse_reason", "web01 is rebuilt"),
			`reuse_reason is there, but reuse is "refuse": set reuse = "allow", or leave the reason out` + invalid,
		},
		"lock_timeout without unit": {
			with("lock_timeout", "30"),
			`lock_timeout = "30" is no length of time: write a number with its unit, such as "30s" or "2m"` + invalid,
		},
		"the report over the blob": {
			with("report_file", blobFile),
			"report_file and blob_file are the same path: give each its own" + invalid,
		},
		"the report over the ledger": {
			with("report_file", "a/../used.json", "ledger_file", "used.json"),
			"report_file and ledger_file are the same path: give each its own" + invalid,
		},
		"the ledger over the identity": {
			with("ledger_file", "key.txt", "identity_file", "key.txt"),
			"ledger_file and identity_file are the same path: give each its own" + invalid,
		},
		"a password in the ledger": {
			with("ledger", "postgres://b:Tr0ub4dor@db.example.com/joins"),
			"ledger has a password in it, which plans, state and logs would show: take it out, and give it by PGPASSWORD, a file " +
				"that PGPASSFILE names, or a client certificate (sslcert)" + invalid,
		},
		"two ledgers": {
			with("ledger", "postgres://b@db.example.com/joins", "ledger_file", "joins.ledger"),
			"ledger and ledger_file are both there, and one ledger is kept: leave one out" + invalid,
		},
		"the report over the program": {
			with("report_file", "my.exe", "completion_program", "my.exe"),
			"report_file and completion_program are the same path: give each its own" + invalid,
		},
		"a program without use": {
			with("completion_program", "my.exe", "method", "answer_file"),
			"completion_program is for the method registry, and the method is answer_file: leave one of them out" + invalid,
		},
		"another machine": {
			with("expect", map[string]any{"machine_name": "WEB02"}),
			"the blob is for WEB01, but WEB02 was expected: use the blob made for WEB02, or change the expected " +
				"machine_name" + invalid,
		},
		"another domain": {
			with("expect", map[string]any{"domain": "other.test"}),
			"the blob is for the domain corp.example.com (CORP), but other.test was expected: use a blob made in " +
				"other.test, or change the expected domain" + invalid,
		},
		"an account and a blob": {
			with("account", map[string]any{"machine_name": "WEB01"}),
			"account and a blob are both there: an account makes its own blob; leave one of them out" + invalid,
		},
		"a domain without an account": {
			with("active_directory", map[string]any{"domain": "corp.example.com"}),
			"active_directory is there without account: write an account block with machine_name, or leave it out" + invalid,
		},
		"an account and what a blob must be for": {
			with("blob_file", nil, "account", map[string]any{"machine_name": "WEB01"}, "expect", map[string]any{"machine_name": "WEB01"}),
			"expect is about a blob: leave it out beside account" + invalid,
		},
		"an account without a name": {
			with("blob_file", nil, "account", map[string]any{"reuse": "own"}),
			"account has no machine_name: write the computer name, such as WEB01" + invalid,
		},
		"on_error": {
			with("blob_file", nil, "account", map[string]any{"machine_name": "WEB01", "on_error": "forget"}),
			`on_error = "forget" is not known: use "delete", "disable" or "keep"` + invalid,
		},
		"two credentials": {
			with("blob_file", nil, "account", map[string]any{"machine_name": "WEB01"},
				"active_directory", map[string]any{"password": "not-to-be-shown", "keytab": "x"}),
			"password and keytab are given, and one of them is taken: leave the others out" + invalid,
		},
		"the report over the keytab": {
			with("blob_file", nil, "account", map[string]any{"machine_name": "WEB01"}, "report_file", "x",
				"active_directory", map[string]any{"keytab": "x"}),
			"report_file and keytab are the same path: give each its own" + invalid,
		},
		"no blob in the file": {
			with("blob_file", notABlob),
			notABlob + ": this is no provisioning blob: character 6 of its text does not belong to base64; use the file that " +
				"djoin /savefile wrote, or its text as plain base64" + invalid,
		},
	}
}

func TestValidateCatchesEveryWrongCombination(t *testing.T) {
	t.Parallel()
	_, blobFile := sampletest.Blob(t)
	notABlob := filepath.Join(t.TempDir(), "web01.djoin")
	if err := os.WriteFile(notABlob, []byte("hello!"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range mistakes(blobFile, notABlob) {
		for kind, err := range map[string]error{
			"provisioner":    new(Provisioner).Prepare(c.config),
			"post-processor": new(PostProcessor).Configure(c.config),
		} {
			if err == nil || err.Error() != c.want {
				t.Errorf("%s, %s:\n %v\nwant\n %s", kind, name, err, c.want)
			}
		}
	}
}

func TestValidateCatchesWhatOnlyTheProvisionerHas(t *testing.T) {
	t.Parallel()
	_, blobFile := sampletest.Blob(t)
	for want, config := range map[string]map[string]any{
		"windows_path is missing: give the image's Windows directory, such as /mnt/web01/Windows, or a disk image file as " +
			"image_path": {},
		"image_path is a file of this machine, and remote = true says that the guest has the image: leave one out": {
			"image_path": "golden.qcow2", "remote": true,
		},
		"windows_path and image_path are both there, and an image is in one place: leave one out": {
			"image_path": "golden.qcow2", "windows_path": "/mnt/Windows",
		},
		"overlay_path and copy_path are both there, and one new disk is made: leave one out": {
			"image_path": "golden.qcow2", "overlay_path": "a.qcow2", "copy_path": "b.qcow2",
		},
		`partition = "three" is no number of a partition: they count from 1`: {
			"image_path": "golden.qcow2", "partition": "three",
		},
		"windows_path is relative, which means nothing on the guest: give where the image's Windows directory is mounted " +
			"there, such as /mnt/web01/Windows": {"windows_path": "mnt/Windows", "remote": true},
		"lock_timeout says nothing with remote = true: a remote tree has no lock to wait for; leave it out": {
			"windows_path": "/mnt/Windows", "remote": true, "lock_timeout": "1m",
		},
		`method = "native" works on a path of this machine: leave remote out, or write method = "auto"`: {
			"windows_path": "/mnt/Windows", "remote": true, "method": "native",
		},
		`C:\Windows is a path of Windows, and this machine is none: give where the image is mounted here, or set remote = ` +
			`true when a guest has it mounted there; the Windows that a guest is running cannot be staged into, so use the ` +
			`post-processor offlinejoin on the finished image`: {"windows_path": `C:\Windows`},
	} {
		if runtime.GOOS == "windows" && config["windows_path"] == `C:\Windows` {
			continue
		}
		config["blob_file"] = blobFile
		if err := new(Provisioner).Prepare(config); err == nil || err.Error() != want+invalid {
			t.Errorf("%v:\n %v\nwant\n %s", config, err, want)
		}
	}
}

func TestValidateCatchesWrongPlacesOfThePostProcessor(t *testing.T) {
	t.Parallel()
	_, blobFile := sampletest.Blob(t)
	for want, config := range map[string]map[string]any{
		`C:\Windows is a path of Windows, and this machine is none: give where the image is mounted here, or leave windows_path ` +
			`out`: {"windows_path": `C:\Windows`},
		`is a path of Windows, and this machine is none: give where`: {"windows_path": `\\server\img\Windows`},
		"": {"overlay_path": "a.qcow2", "backing": "relative"},
		"overlay_path and copy_path are both there":  {"overlay_path": "a.qcow2", "copy_path": "b.qcow2"},
		"windows_path and image_path are both there": {"windows_path": "/mnt/Windows", "image_path": "golden.qcow2"},
		"partition, overlay_path and copy_path are":  {"windows_path": "/mnt/Windows", "overlay_path": "a.qcow2"},
		`partition = "0" is no number`:               {"partition": "0"},
		`backing = "near" is not known`:              {"overlay_path": "a.qcow2", "backing": "near"},
	} {
		if runtime.GOOS == "windows" && strings.Contains(want, "is a path of Windows") {
			continue
		}
		config["blob_file"] = blobFile
		err := new(PostProcessor).Configure(config)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v:\n %v\nwant\n %s", config, err, want)
		}
	}
}

// What is right must pass, or the tables above would prove nothing.
func TestValidateTakesEveryOption(t *testing.T) {
	t.Parallel()
	_, blobFile := sampletest.Blob(t)
	all := map[string]any{
		"blob_file": blobFile, "identity_file": "key.txt", "method": "registry", "on_existing": "keep",
		"ledger_file": "used.json", "reuse": "allow", "reuse_reason": "web01 is rebuilt", "backup": "backup",
		"completion_program": "my.exe",
		"report_file":        "web01.json", "dry_run": true, "expect": map[string]any{"machine_name": "web01", "domain": "corp"},
	}
	if err := new(PostProcessor).Configure(all); err != nil {
		t.Error(err)
	}
	local := maps.Clone(all)
	local["windows_path"], local["lock_timeout"] = "/mnt/Windows", "2m"
	remote := maps.Clone(all)
	remote["windows_path"], remote["remote"] = `D:\Windows`, true
	for _, config := range []map[string]any{local, remote} {
		if err := new(Provisioner).Prepare(config); err != nil {
			t.Errorf("%v: %v", slices.Sorted(maps.Keys(config)), err)
		}
	}
	account := map[string]any{"windows_path": "/mnt/Windows"}
	for _, block := range []options.Name{options.Account, options.ActiveDirectory} {
		all := map[string]any{}
		for _, name := range options.Of(block) {
			all[name.String()] = "<unknown>"
			if name.Default() == "false" {
				all[name.String()] = false
			}
		}
		account[block.String()] = all
	}
	account["account"].(map[string]any)["trusted_owners"] = []string{"builders"}
	for _, config := range []map[string]any{account, {
		"windows_path": "/mnt/Windows", "account": map[string]any{"machine_name": "WEB01", "reuse": "trusted", "trusted_owners": []string{"builders"}},
		"active_directory": map[string]any{"domain": "corp.example.com", "user": "svc", "keytab": "away.keytab", "security": "sealed"},
	}} {
		if err := new(Provisioner).Prepare(config); err != nil {
			t.Errorf("an account: %v", err)
		}
	}
	unknown := map[string]any{"expect": map[string]any{"machine_name": "<unknown>", "domain": "<unknown>"}}
	inBlocks := append(options.Of(options.Account), options.Of(options.ActiveDirectory)...)
	for _, f := range new(Config).texts() {
		if name := f.option.String(); !slices.Contains(inBlocks, f.option) && name != "blob" && name != "machine_name" && name != "domain" {
			unknown[name] = "<unknown>"
		}
	}
	if err := new(Provisioner).Prepare(unknown); err != nil {
		t.Errorf("nothing is known yet: %v", err)
	}
}
