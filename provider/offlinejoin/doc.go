// Package offlinejoin is all that Terraform sees: the resources offlinejoin_staged_join, offlinejoin_joined_disk,
// offlinejoin_domain_join and offlinejoin_computer_account, the data sources offlinejoin_image, offlinejoin_blob,
// offlinejoin_ledger and offlinejoin_computer_account, the ephemeral resource offlinejoin_blob, and the functions fingerprint,
// inspect_blob, account_data and answer_file. It turns what the user wrote into requests to the core
// (internal/offlinejoin) and what the core says into state and diagnostics; policy about images and joins is the core's.
//
// What only Terraform needs is here:
//
//   - The plan. A change of the blob is found by its fingerprint, which ModifyPlan takes from the write-only value or
//     the file. A changed fingerprint is planned as unknown, never as the new value: the blob may change once more
//     before apply, and a known value that changes looks like a bug of the provider. Where blob and image are there,
//     the core rehearses the stage, so that what cannot work fails in the plan (staged_join_plan.go).
//   - The meaning of drift, in one place without any Terraform in it (drift.go). Read only takes over what the image
//     says, and drops the resource when its image is gone (staged_join_read.go, presence.go).
//   - Ownership. Private state records the fingerprint of the join that this resource staged, and that the image has
//     booted with it: that outlives the record in the image (ownership.go).
//   - Two resources that want the same image or account (claims.go): Terraform plans one resource up to twice and tells
//     no address, so each has a random token in private state.
//   - Disks that were made (joined_disk_*.go). What a disk was like is in private state (diskrecord.go); whether it was used
//     is the core's to say. A disk that is replaced at its own path has an unknown path in the plan, by which Create knows
//     that the old file must be gone.
//   - Computer accounts (domain_join_*.go, computer_account_*.go). The domain is reached once in a run, when the first resource
//     needs it (directory.go). What drift of an account means is in account_drift.go, without any Terraform in it: above all,
//     that a machine which has booted gets no other password. Private state keeps that it has (account_model.go).
//   - Models and schemas are made of parts, for every resource that stages a join: the place and the new disk
//     (place_model.go, place_schema.go), the blob and the join (join_model.go, staged_join_schema.go).
//   - One run: what is shared between the configuration of the provider and its end (run.go).
//
// Nothing secret is in state, plan, private state, logs or diagnostics.
package offlinejoin
