package manifests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// decode decodes a manifest into the type of its kind. Unknown and repeated fields are errors.
func decode(text string) (any, error) {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
		return nil, err
	}
	var into any
	switch kind.APIVersion + " " + kind.Kind {
	case "batch/v1 Job":
		into = new(batchv1.Job)
	case "kubevirt.io/v1 VirtualMachine":
		into = new(virtualMachine)
	default:
		return nil, fmt.Errorf("no type for %s %s", kind.APIVersion, kind.Kind)
	}
	return into, yaml.UnmarshalStrict([]byte(text), into)
}

func manifests(t *testing.T) map[string]string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"guides/kubevirt/*.yaml", "fleets/kubernetes/*.yaml"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "..", "examples", filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("no manifests in %s (%v)", pattern, err)
		}
		paths = append(paths, found...)
	}
	all := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = string(content)
	}
	return all
}

func TestManifestsDecodeStrictly(t *testing.T) {
	t.Parallel()
	for name, text := range manifests(t) {
		if strings.HasPrefix(name, "sysprep") {
			continue // a patch; see below
		}
		if _, err := decode(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMistakesAreSeen plants one at a time.
func TestMistakesAreSeen(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	for _, c := range []struct{ file, right, wrong string }{
		{"job.yaml", "restartPolicy:", "restartpolicies:"},
		{"job.yaml", "claimName:", "claim:"},
		{"job.yaml", "runAsUser: 107", "runAsUser: qemu"},
		{"job.yaml", "kind: Job", "kind: Jobs"},
		{"vm.yaml", "runStrategy:", "running:"},
		{"vm.yaml", "guest: 4Gi", "guest: 4GiB"},
		{"vm.yaml", "dataVolume:", "datavolumes:"},
		{"job.yaml", "optional: true", "optionally: true"},
		{"job.yaml", "onExitCodes:", "onExitCode:"},
		{"indexed-job.yaml", "backoffLimitPerIndex: 3", "backoffLimitPerIndex: some"},
		{"indexed-job.yaml", "podReplacementPolicy", "podReplacement"},
		{"indexed-job.yaml", "onPodConditions:", "onPodCondition:"},
		{"indexed-job.yaml", "seccompProfile:", "seccomp:"},
	} {
		if !strings.Contains(all[c.file], c.right) {
			t.Errorf("%s has no %q", c.file, c.right)
		}
		if _, err := decode(strings.Replace(all[c.file], c.right, c.wrong, 1)); err == nil {
			t.Errorf("%s goes through with %q", c.file, c.wrong)
		}
	}
}

// TestJobTakesTheMachinesDisk holds the manifests to each other.
func TestJobTakesTheMachinesDisk(t *testing.T) {
	t.Parallel()
	all := manifests(t)
	decodedJob, err := decode(all["job.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	decodedMachine, err := decode(all["vm.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	job, isJob := decodedJob.(*batchv1.Job)
	machine, isMachine := decodedMachine.(*virtualMachine)
	if !isJob || !isMachine {
		t.Fatalf("%T and %T", decodedJob, decodedMachine)
	}
	claim := job.Spec.Template.Spec.Volumes[0].PersistentVolumeClaim.ClaimName
	if disk := machine.Spec.Template.Spec.Volumes[0].DataVolume.Name; disk != claim || job.Namespace != machine.Namespace {
		t.Errorf("the job works on %s/%s, the machine has %s/%s", job.Namespace, claim, machine.Namespace, disk)
	}
	if machine.Spec.RunStrategy != "Halted" {
		t.Errorf("the machine is %s while the job runs", machine.Spec.RunStrategy)
	}
	mounts := map[string]bool{}
	for _, m := range job.Spec.Template.Spec.Containers[0].VolumeMounts {
		mounts[m.MountPath] = true
	}
	for _, arg := range job.Spec.Template.Spec.Containers[0].Args {
		if strings.HasPrefix(arg, "/") && !mounts[filepath.Dir(arg)] {
			t.Errorf("nothing is mounted where %s would be", arg)
		}
	}
}
