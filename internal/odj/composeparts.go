package odj

import "fmt"

// emptyPart names the first value of the optional parts that must not be empty, and is "" when all are there.
func (j *Join) emptyPart() string {
	for i, p := range j.PFX {
		if len(p.File) == 0 {
			return fmt.Sprintf("PFX[%d].File", i)
		}
	}
	for i, s := range j.Stores {
		switch {
		case s.Name == "":
			return fmt.Sprintf("Stores[%d].Name", i)
		case len(s.File) == 0:
			return fmt.Sprintf("Stores[%d].File", i)
		}
	}
	for i, p := range j.Policies {
		for k, v := range p.Values {
			if v.Key == "" {
				return fmt.Sprintf("Policies[%d].Values[%d].Key", i, k)
			}
		}
	}
	return ""
}

// optional builds the parts for certificates and policy. They share the memory of j's secrets.
func (j *Join) optional() []part {
	var parts []part
	if len(j.PFX)+len(j.Stores) > 0 {
		parts = append(parts, part{partType: guidCertProvider, certs: j.certs()})
	}
	if len(j.Policies) > 0 {
		parts = append(parts, part{partType: guidPolicyProvider, policies: j.policies()})
	}
	return parts
}

func (j *Join) certs() *certPart {
	var certs certPart
	for _, p := range j.PFX {
		certs.pfx = append(certs.pfx, pfxStore{
			template:          textOrNull(p.Template),
			keyExportPolicy:   p.KeyExportPolicy,
			policyServerURL:   textOrNull(p.PolicyServer),
			policyServerFlags: p.PolicyServerFlags,
			policyServerID:    textOrNull(p.PolicyServerID),
			pfx:               p.File,
		})
	}
	for _, s := range j.Stores {
		certs.sst = append(certs.sst, sstStore{locationLocalMachine, textOrNull(s.Name), s.File})
	}
	return &certs
}

func (j *Join) policies() *policyPart {
	var policies policyPart
	for _, p := range j.Policies {
		list := policyList{source: textOrNull(p.Source), rootKey: rootHKLM}
		for _, v := range p.Values {
			list.elements = append(list.elements, policyElement{textOrNull(v.Key), &v.Name, v.Type, v.Data})
		}
		policies.lists = append(policies.lists, list)
	}
	return &policies
}
