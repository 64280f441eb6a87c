// Package offlinejoin is all that Terraform sees: the resource offlinejoin_staged_join and the ephemeral resource
// offlinejoin_blob. It turns what the user wrote into requests to the core (internal/offlinejoin) and what the core
// says into state and diagnostics; policy about images and joins is the core's.
//
// What only Terraform needs is here:
//
//   - The plan. A change of the blob is found by its fingerprint, which ModifyPlan takes from the write-only value or
//     the file. A changed fingerprint is planned as unknown, never as the new value: the blob may change once more
//     before apply, and a known value that changes looks like a bug of the provider (staged_join_plan.go).
//   - Ownership. Private state records the fingerprint of the join that this resource staged. Only that one is replaced
//     or taken back without asking; another join in the same image is the user's to decide about (ownership.go).
//   - What is no drift: a completed join stays as it is though its blob is gone from the image, and an image that is
//     not mounted says nothing at all (staged_join_read.go).
//
// Nothing secret is in state, plan, private state, logs or diagnostics.
package offlinejoin
