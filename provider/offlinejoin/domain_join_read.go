package offlinejoin

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"
	core "github.com/offlinejoin/offlinejoin/internal/offlinejoin"
	"github.com/offlinejoin/offlinejoin/internal/options"
)

// Read takes over what the directory and the image say. Neither takes the resource with it when it is gone: what that means is
// decided in the plan (account_drift.go).
func (r *domainJoinResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state domainJoinModel
	diags := &resp.Diagnostics
	state.read(ctx, req.State.Raw, diags)
	seen := seenJoin{state: &state}
	seen.mine, _ = owned(ctx, req.Private, diags)
	seen.account, seen.recorded = readAccountRecord(ctx, req.Private, diags)
	seen.disk, _ = readDiskRecord(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	// First of all: Terraform before 1.12 refuses a read without identity, even of what is gone.
	keepIdentity(ctx, resp.Identity, state.identity(), diags)
	ctx, done := within(ctx, state.Timeouts.Read, diags)
	defer done()
	if !seen.recorded { // just imported: it counts as a machine that has booted
		seen.account = accountRecord{ObjectGUID: state.ObjectGUID.ValueString(), Booted: true, Taken: true}
	}
	r.readImage(ctx, &seen, resp, diags)
	r.readDirectory(ctx, &seen, diags)
	if diags.HasError() {
		return
	}
	seen.account.Booted = seen.account.Booted || seen.mine.Booted
	r.run.accounts.see(state.MachineName.ValueString(), state.ends(seen.account))
	seen.mine.record(ctx, resp.Private, diags)
	seen.account.record(ctx, resp.Private, diags)
	if state.makesDisk() {
		seen.disk.record(ctx, resp.Private, diags)
		r.run.disks.see(seen.disk)
	}
	state.write(ctx, &resp.State.Raw, diags)
}

// seenJoin is a join while it is read.
type seenJoin struct {
	state    *domainJoinModel
	mine     ownership
	account  accountRecord
	disk     diskRecord
	recorded bool // false: just imported
}

// readImage takes over what the image says. One that is gone, in use or not readable is kept as it was known.
func (r *domainJoinResource) readImage(ctx context.Context, seen *seenJoin, resp *resource.ReadResponse, diags *diag.Diagnostics) {
	state := seen.state
	at := state.made()
	named := placeAt(state.image())
	there := at.Presence()
	if there != core.Present {
		if !seen.recorded {
			diags.AddAttributeError(named, "Image not there", at.String()+" does not exist: import with the place where it is.")
			return
		}
		diags.AddAttributeWarning(named, "Image not there", at.String()+" does not exist, or is not mounted. What was known of it is "+
			"kept, and the account of "+state.MachineName.ValueString()+" gets no other password: the image may run elsewhere. If it is "+
			"lost and no machine has booted from it, terraform apply -replace joins anew.")
		return
	}
	status, disk, err := r.look(ctx, at, state.makesDisk(), !seen.recorded)
	switch {
	case err != nil && (!seen.recorded || ctx.Err() != nil):
		blame(ctx, named, "Image not readable", err, diags)
		return
	case core.InUse(err): // a machine runs on it
		tflog.Info(ctx, "in use, kept: "+err.Error())
		return
	case err != nil:
		diags.AddAttributeWarning(named, "Image not readable", "What was known of "+at.String()+" is kept: "+err.Error()+".")
		return
	}
	if !seen.recorded {
		seen.imported(ctx, status, disk, resp, diags)
	}
	seen.mine.found(status)
	seen.disk.Path, seen.disk.Partition, seen.disk.OnDestroy = diskPath(at), at.Partition, state.OnDestroy.ValueString()
	if status.Fingerprint != "" && status.Fingerprint == seen.mine.Fingerprint {
		seen.mine.Booted = seen.mine.Booted || booted(status)
		if status.State == core.StateStaged {
			r.run.images.see(at.Key(), status.Fingerprint)
		}
	}
	seen.warn(named, status, diags)
	machine, domain, sid := state.MachineName, state.Domain, state.AccountSID
	state.joinModel.refresh(*status)
	state.MachineName, state.Domain = machine, domain
	if state.AccountSID.IsNull() {
		state.AccountSID = sid
	}
	if disk != nil {
		path := state.Path
		state.diskFacts.fill(at, disk)
		if !path.IsNull() {
			state.Path = path
		}
	} else {
		state.diskFacts = noDisk()
	}
}

func diskPath(at core.Image) string {
	if at.ImagePath == "" {
		return ""
	}
	return newPath(at)
}

// look reads an image: of a disk that was made, also what it is.
func (r *domainJoinResource) look(
	ctx context.Context, at core.Image, isDisk, mark bool,
) (status *core.Status, disk *core.Disk, err error) {
	if !isDisk {
		status, err = core.ReadStatus(ctx, core.StatusRequest{Image: at})
		return status, nil, err
	}
	disk, err = core.ReadDisk(ctx, core.DiskRequest{Image: at, Mark: mark})
	if err != nil {
		return nil, nil, err
	}
	return &disk.Status, disk, nil
}

// imported takes over what an import finds in the image.
func (seen *seenJoin) imported(
	ctx context.Context, status *core.Status, disk *core.Disk, resp *resource.ReadResponse, diags *diag.Diagnostics,
) {
	if status.Account != nil && status.Account.ObjectGUID == seen.account.ObjectGUID {
		seen.mine.Fingerprint = status.Fingerprint
		seen.account.PasswordLastSet = status.Account.PasswordLastSet
		seen.state.PasswordLastSet = stringOrNull(status.Account.PasswordLastSet.String())
	}
	if disk != nil {
		seen.disk.Mark = disk.Mark
	}
	if status.Owner != "" { // who imports a join takes it over
		writePrivate(ctx, resp.Private, tokenKey, status.Owner, diags)
	}
}

// warn tells of a join that will not complete, did not, or is not there any more.
func (seen *seenJoin) warn(at path.Path, status *core.Status, diags *diag.Diagnostics) {
	where := status.Image.WindowsPath
	switch {
	case status.State == core.StateFailed && status.Fingerprint == seen.mine.Fingerprint:
		diags.AddAttributeWarning(at, "Join failed at first boot", status.MachineName+" was not joined at the first boot of "+where+": "+
			status.Failure()+". Nothing is changed. When the machine is not needed as it is, terraform apply -replace joins anew.")
	case status.State != core.StateAbsent && status.Fingerprint == seen.mine.Fingerprint:
		if status.Detail != "" {
			diags.AddAttributeWarning(at, "Join needs attention", where+": "+status.Detail+".")
		}
	case !seen.mine.Booted && !seen.account.Booted && (status.State != core.StateAbsent || seen.state.makesDisk()):
		diags.AddAttributeWarning(at, "Not the join that was made", where+" does not hold the join of this resource any more ("+
			string(status.State)+"): somebody has taken it back or replaced it. Nothing is changed.")
	}
}

// readDirectory takes over what the directory has of the account. Where it cannot be asked, what was known is kept.
func (r *domainJoinResource) readDirectory(ctx context.Context, seen *seenJoin, diags *diag.Diagnostics) {
	state := seen.state
	at := path.Root(options.MachineName.String())
	facts, asked, err := r.run.account(ctx, seen.account.query(state.MachineName.ValueString()), diags)
	switch {
	case !asked || err != nil:
		state.AccountStatus = types.StringValue(string(core.AccountUnknown))
		if err != nil {
			diags.AddAttributeWarning(at, "Domain not asked", "What was known of the account of "+state.MachineName.ValueString()+
				" is kept: "+err.Error()+".")
		}
		return
	case facts.Status == core.AccountInUse || facts.LastLogon != 0:
		seen.account.Booted = true
	case facts.Status == core.AccountDisabled && !r.wantsEnabled(ctx, state, diags):
		diags.AddAttributeWarning(at, "Account disabled", facts.DN+" is disabled, so that its machine cannot log on. Somebody meant it: "+
			"nothing is changed. account = { enabled = true } enables it.")
	case facts.NameTaken:
		diags.AddAttributeWarning(at, "Account gone", "The account with the objectGUID "+facts.ObjectGUID+" does not exist any more, and "+
			"another has its name: that one is left alone.")
	}
	state.accountFactsModel.refresh(facts)
	if facts.SID != "" {
		state.AccountSID = types.StringValue(facts.SID)
	}
	if state.Domain.IsNull() {
		state.Domain = stringOrNull(facts.Domain)
	}
}

func (r *domainJoinResource) wantsEnabled(ctx context.Context, state *domainJoinModel, diags *diag.Diagnostics) bool {
	account, _ := readAccount(ctx, state.Account, diags)
	return account.Enabled.ValueBool()
}

// importSeparator stands between the account and the place in the id of an import.
const importSeparator = "|"

const importForm = `an id is the account, "` + importSeparator + `" and the place of its image: an objectGUID, a DN or DOMAIN\NAME$, and a ` +
	`Windows directory or a disk image file, as in CORP\WEB01$|/srv/web01.qcow2`

// ImportState takes an account and the place of its image. It writes nothing, and an imported account counts as one that a
// machine has booted with: no apply ever gives it another password.
func (r *domainJoinResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	diags := &resp.Diagnostics
	name, place, found := cutLast(req.ID, importSeparator)
	if req.ID == "" && req.Identity != nil {
		var named joinIdentity
		diags.Append(req.Identity.Get(ctx, &named)...)
		name, place, found = named.ObjectGUID.ValueString(), named.Path.ValueString(), !named.Path.IsNull()
	}
	if !found || name == "" || place == "" {
		diags.AddError("Not an account and a place", importForm+".")
		return
	}
	refuseContent(options.ImagePath, types.StringValue(place), diags)
	if diags.HasError() {
		return
	}
	facts, err := r.run.importedAccount(ctx, name, diags)
	if err != nil {
		diags.AddError("Account not to be imported", err.Error()+".")
		return
	}
	set := func(word options.Name, value any) {
		diags.Append(resp.State.SetAttribute(ctx, path.Root(word.String()), value)...)
	}
	set(options.ID, facts.ObjectGUID)
	set(options.MachineName, facts.MachineName)
	set(options.Domain, stringOrNull(facts.Domain))
	set(objectGUIDFact, facts.ObjectGUID)
	set(accountStatusFact, string(facts.Status))
	set("dn", stringOrNull(facts.DN))
	set("account_sid", stringOrNull(facts.SID))
	onDestroy := setPlace(ctx, place, set)
	for _, word := range []options.Name{options.MethodName, options.Reuse, options.AccountOnDestroy} {
		set(word, word.Default())
	}
	set(options.DeleteLive, false)
	set(options.OnDestroy, onDestroy.Default())
	diags.Append(resp.Identity.Set(ctx, joinIdentity{types.StringValue(facts.ObjectGUID), types.StringNull()})...)
}

// setPlace sets where an imported image is: what stands on another image is an overlay of that, any other file was changed in
// place.
func setPlace(ctx context.Context, place string, set func(options.Name, any)) (onDestroy options.Name) {
	words := placeOfID(place)
	if !isFile(words.ImagePath) {
		set(options.WindowsPath, place)
		return options.OnDestroy
	}
	set(options.Partition, stringOrNull(words.Partition))
	if at, err := words.Image(); err == nil {
		if disk, err := core.ReadDisk(ctx, core.DiskRequest{Image: at}); err == nil && disk.Backing != "" {
			set(options.ImagePath, disk.Backing)
			set(options.OverlayPath, words.ImagePath)
			return options.OnDestroyDisk
		}
	}
	set(options.ImagePath, words.ImagePath)
	return options.OnDestroy
}

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

var guidForm = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// importedAccount finds an account by its objectGUID, its DN, or as DOMAIN\NAME$.
func (r *run) importedAccount(ctx context.Context, name string, diags *diag.Diagnostics) (*core.AccountFacts, error) {
	query, domain := core.AccountQuery{}, ""
	switch before, after, isDown := strings.Cut(name, `\`); {
	case guidForm.MatchString(name):
		query.ObjectGUID = strings.ToLower(name)
	case isDown && strings.HasSuffix(after, "$"):
		domain, query.MachineName = before, strings.TrimSuffix(after, "$")
	case len(name) > 3 && strings.EqualFold(name[:3], "CN="):
		query.DN = name
	default:
		return nil, errors.New(importForm)
	}
	facts, asked, err := r.account(ctx, query, diags)
	switch {
	case err != nil:
		return nil, err
	case !asked:
		return nil, errors.New("the domain is not known while importing: active_directory must not depend on other resources then")
	case facts.Status == core.AccountGone:
		return nil, errors.New("there is no account " + name + " in " + facts.Domain)
	case strings.Contains(domain, ".") && !strings.EqualFold(domain, facts.Domain):
		return nil, errors.New("active_directory is the domain " + facts.Domain + ", and not " + domain)
	}
	facts.MachineName = cmp.Or(facts.MachineName, query.MachineName)
	return facts, nil
}
