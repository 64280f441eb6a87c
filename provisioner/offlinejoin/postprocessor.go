package offlinejoin

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2/hcldec"
	packersdk "github.com/hashicorp/packer-plugin-sdk/packer"
)

// PostProcessor stages a join into the image that a build has made. Its zero value is ready for Configure.
type PostProcessor struct{ config PostProcessorConfig }

var _ packersdk.PostProcessor = (*PostProcessor)(nil)

// ConfigSpec tells Packer what the block may hold.
func (p *PostProcessor) ConfigSpec() hcldec.ObjectSpec { return p.config.FlatMapstructure().HCL2Spec() }

// Configure reads the configuration and returns every mistake in it at once.
func (p *PostProcessor) Configure(raws ...any) error {
	p.config = PostProcessorConfig{}
	if err := decode(&p.config, &p.config.ctx, p.config.texts(), raws); err != nil {
		return err
	}
	c := p.config
	notYet := known(c.texts(), c.ctx)
	expandHome(c.texts())
	return together(c.check(notYet))
}

// PostProcess stages the join into the one image of the artifact. The image is edited in place, so the artifact that
// comes out is the one that went in, and is kept whatever keep_input_artifact says: else it would be gone.
func (p *PostProcessor) PostProcess(
	ctx context.Context, ui packersdk.Ui, artifact packersdk.Artifact,
) (out packersdk.Artifact, keep, forced bool, err error) {
	const always = true
	if err := ctx.Err(); err != nil {
		return artifact, always, always, err
	}
	c := p.config
	generated := generatedData(artifact)
	if err := render(c.texts(), c.ctx, generated); err != nil {
		return artifact, always, always, err
	}
	expandHome(c.texts())
	if err := ofThisMachine(c.WindowsPath, postProcessorWayOut); err != nil {
		return artifact, always, always, err
	}
	if err := notRunning(c.WindowsPath); err != nil {
		return artifact, always, always, err
	}
	if c.WindowsPath == "" && c.ImagePath == "" {
		if c.WindowsPath, c.ImagePath, err = imageOf(artifact); err != nil {
			return artifact, always, always, err
		}
	}
	at, err := c.image(c.WindowsPath)
	if err == nil {
		err = c.stage(ctx, ui, at, runID(generated))
	}
	if err != nil || c.DryRun || at.NewPath() == "" {
		return artifact, always, always, err
	}
	stands := at.OverlayPath != "" // on a file of the artifact, which must stay; a copy does not need it
	return &diskArtifact{artifact, at.NewPath()}, always, stands, nil
}

// generatedData returns what the builder shared with later steps. It comes in one of two types, with or without the
// remote procedure calls in between.
func generatedData(artifact packersdk.Artifact) map[string]any {
	data := map[string]any{}
	switch shared := artifact.State("generated_data").(type) {
	case map[string]any:
		return shared
	case map[any]any:
		for k, v := range shared {
			data[fmt.Sprint(k)] = v
		}
	}
	return data
}
