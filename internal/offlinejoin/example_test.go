package offlinejoin_test

import (
	"context"
	"fmt"
	"os"

	"github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/sample"
)

// sampleRequest makes an image that sysprep has generalized and a blob for WEB01, and the request to stage the one into the
// other. A program has the image mounted, and reads the blob from a file.
func sampleRequest() (req offlinejoin.Request, remove func(), err error) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		return req, nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	windows, err := sample.WriteTree(dir, sample.Image{ImageState: "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"})
	if err != nil {
		return req, remove, err
	}
	made, err := sample.Blob()
	if err != nil {
		return req, remove, err
	}
	defer made.Wipe()
	blob, err := offlinejoin.ReadBlob(made.DjoinFile(), "web01.djoin")
	return offlinejoin.Request{
		Image: offlinejoin.ImageAt(windows), Blob: blob, StagedBy: "example/1",
		Expect: offlinejoin.Expect{MachineName: "web01", Domain: "corp.example.com"},
	}, remove, err
}

// Plan makes every check and lists every change, and writes nothing.
func ExamplePlan() {
	req, remove, err := sampleRequest()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	defer req.Blob.Wipe()
	receipt, err := offlinejoin.Plan(context.Background(), req)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %s into %s by %s\n", receipt.Outcome, receipt.Blob.MachineName, receipt.Blob.Domain, receipt.Method)
	for _, c := range receipt.Changes {
		if c.Secret || c.Name == "MachineName" {
			fmt.Println(c.Kind, c.Name, c.After)
		}
	}
	fmt.Println("the image holds:", receipt.Status.State)
	// Output:
	// planned: WEB01 into corp.example.com by answer_file
	// add MachineName WEB01
	// add AccountData 2968 characters, secret
	// the image holds: absent
}

// Stage writes what Plan has shown, reads it back from the disk, and does nothing when it is done again.
func ExampleStage() {
	req, remove, err := sampleRequest()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	defer req.Blob.Wipe()
	for range 2 {
		receipt, err := offlinejoin.Stage(context.Background(), req)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: the image holds a join that is %s\n", receipt.Outcome, receipt.Status.State)
	}
	// Output:
	// staged: the image holds a join that is staged
	// unchanged: the image holds a join that is staged
}

// ReadStatus returns what an image holds, whoever staged it.
func ExampleReadStatus() {
	req, remove, err := sampleRequest()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	defer req.Blob.Wipe()
	if _, err := offlinejoin.Stage(context.Background(), req); err != nil {
		fmt.Println(err)
		return
	}
	status, err := offlinejoin.ReadStatus(context.Background(), offlinejoin.StatusRequest{Image: req.Image})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.State, status.Method, status.MachineName, status.Domain, status.StagedBy)
	fmt.Println(status.Image.ProductName, status.Image.Build, status.Image.Phase)
	fmt.Println("the same blob:", status.Fingerprint == req.Blob.Facts().Fingerprint)
	// Output:
	// staged answer_file WEB01 corp.example.com example/1
	// Windows Server 2022 Standard 20348.2700 generalized
	// the same blob: true
}

// Unstage takes a pending join back. An image without one is left alone.
func ExampleUnstage() {
	req, remove, err := sampleRequest()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	defer req.Blob.Wipe()
	if _, err := offlinejoin.Stage(context.Background(), req); err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		receipt, err := offlinejoin.Unstage(context.Background(), offlinejoin.UnstageRequest{Image: req.Image})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(receipt.Outcome, receipt.Status.State)
	}
	// Output:
	// unstaged absent
	// absent absent
}
