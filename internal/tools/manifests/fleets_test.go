package manifests

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"
)

// fleetFile reads a file of examples/fleets.
func fleetFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "fleets", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestIndexedJob: the parts are as many as the Pods, what is named in the container is mounted, and of exit codes only 75 and
// those of killed Pods are tried again.
func TestIndexedJob(t *testing.T) {
	t.Parallel()
	decoded, err := decode(manifests(t)["indexed-job.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	job, isJob := decoded.(*batchv1.Job)
	if !isJob {
		t.Fatalf("%T", decoded)
	}
	if *job.Spec.CompletionMode != batchv1.IndexedCompletion || job.Spec.BackoffLimitPerIndex == nil {
		t.Error("the job is not one of indexes")
	}
	container := job.Spec.Template.Spec.Containers[0]
	if !slices.Contains(container.Args, "--var=of="+strconv.Itoa(int(*job.Spec.Completions))) ||
		!slices.Contains(container.Args, "--var=index=$(JOB_COMPLETION_INDEX)") {
		t.Errorf("%d Pods have the arguments %q", *job.Spec.Completions, container.Args)
	}
	volumes, mounts := map[string]bool{}, map[string]bool{}
	for _, v := range job.Spec.Template.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, m := range container.VolumeMounts {
		mounts[m.MountPath] = volumes[m.Name]
	}
	paths := slices.Clone(container.Args)
	for _, v := range container.Env {
		paths = append(paths, v.Value)
	}
	for _, path := range paths {
		if strings.HasPrefix(path, "/") && !mounts[filepath.Dir(path)] {
			t.Errorf("nothing is mounted where %s would be", path)
		}
	}
}

// TestJobsTryAgainWhatMayPass: in both jobs, exit codes 1 and 2 end it and no other does, and a Pod that is drained does not count.
func TestJobsTryAgainWhatMayPass(t *testing.T) {
	t.Parallel()
	for name, action := range map[string]batchv1.PodFailurePolicyAction{
		"job.yaml": batchv1.PodFailurePolicyActionFailJob, "indexed-job.yaml": batchv1.PodFailurePolicyActionFailIndex,
	} {
		decoded, err := decode(manifests(t)[name])
		if err != nil {
			t.Fatal(err)
		}
		job, isJob := decoded.(*batchv1.Job)
		if !isJob || job.Spec.PodFailurePolicy == nil || len(job.Spec.PodFailurePolicy.Rules) != 2 {
			t.Fatalf("%s: %T", name, decoded)
		}
		spec, rules := job.Spec.Template.Spec, job.Spec.PodFailurePolicy.Rules
		ends, drained := rules[0], rules[1]
		if ends.Action != action || ends.OnExitCodes == nil || ends.OnExitCodes.Operator != batchv1.PodFailurePolicyOnExitCodesOpIn ||
			!slices.Equal(ends.OnExitCodes.Values, []int32{1, 2}) || *ends.OnExitCodes.ContainerName != spec.Containers[0].Name {
			t.Errorf("%s: %+v", name, ends)
		}
		if drained.Action != batchv1.PodFailurePolicyActionIgnore || len(drained.OnPodConditions) != 1 {
			t.Errorf("%s: %+v", name, drained)
		}
		security := spec.Containers[0].SecurityContext
		if !*security.ReadOnlyRootFilesystem || *security.AllowPrivilegeEscalation || !slices.Contains(security.Capabilities.Drop, "ALL") ||
			!*spec.SecurityContext.RunAsNonRoot || *spec.AutomountServiceAccountToken {
			t.Errorf("%s: the Pod may do more than it needs", name)
		}
	}
}

// gitlab is a file of GitLab CI with the one job that the guide shows, and of its keywords those that it uses: written from
// GitLab's documentation of them.
type gitlab struct {
	Join struct {
		Tags     []string `json:"tags"`
		Parallel struct {
			Matrix []map[string]any `json:"matrix"`
		} `json:"parallel"`
		Variables map[string]string `json:"variables"`
		Script    []string          `json:"script"`
		Retry     struct {
			Max       int `json:"max"` // 0, 1 or 2
			ExitCodes int `json:"exit_codes"`
		} `json:"retry"`
		Timeout   string `json:"timeout"`
		Artifacts struct {
			When  string   `json:"when"`
			Paths []string `json:"paths"`
		} `json:"artifacts"`
	} `json:"join"`
}

// judgePipeline returns what is wrong with the file.
func judgePipeline(text string) error {
	var file gitlab
	if err := yaml.UnmarshalStrict([]byte(text), &file); err != nil {
		return err
	}
	job := file.Join
	if job.Retry.Max != 1 && job.Retry.Max != 2 || job.Retry.ExitCodes != 75 {
		return fmt.Errorf("it retries %+v", job.Retry)
	}
	if len(job.Parallel.Matrix) != 1 || len(job.Script) == 0 {
		return fmt.Errorf("it has %d matrices and %d lines", len(job.Parallel.Matrix), len(job.Script))
	}
	indexes, _ := job.Parallel.Matrix[0]["INDEX"].([]any)
	if of := job.Parallel.Matrix[0]["OF"]; of != strconv.Itoa(len(indexes)) {
		return fmt.Errorf("%d jobs are %v parts", len(indexes), of)
	}
	return nil
}

func TestPipeline(t *testing.T) {
	t.Parallel()
	text := fleetFile(t, "gitlab-ci.yml")
	if err := judgePipeline(text); err != nil {
		t.Error(err)
	}
	for right, wrong := range map[string]string{
		"exit_codes:": "exit_code:", "max: 2": "max: 3", "matrix:": "matrices:", `OF: "4"`: `OF: "5"`, "script:": "scripts:", "    when:": "    if:",
	} {
		if !strings.Contains(text, right) {
			t.Errorf("there is no %q", right)
		}
		if judgePipeline(strings.Replace(text, right, wrong, 1)) == nil {
			t.Errorf("it goes through with %q", wrong)
		}
	}
}

// TestWorkflow has actionlint look at the workflow that the guide shows, as `make lint` does with ours.
func TestWorkflow(t *testing.T) {
	t.Parallel()
	look := func(text string) []*actionlint.Error {
		linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		found, err := linter.Lint("fleet.yml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	text := fleetFile(t, "github-actions.yml")
	for _, e := range look(text) {
		t.Error(e)
	}
	for right, wrong := range map[string]string{
		"matrix.host }}": "matrix.hosts }}", "fail-fast:": "failfast:", "working-directory:": "working-dir:", "on: workflow_dispatch": "on: workflow",
		"timeout-minutes: 60": "timeout-minutes: long",
	} {
		if !strings.Contains(text, right) {
			t.Errorf("there is no %q", right)
		}
		if len(look(strings.Replace(text, right, wrong, 1))) == 0 {
			t.Errorf("it goes through with %q", wrong)
		}
	}
}
